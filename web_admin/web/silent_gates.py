"""Say which gates have a change within seconds, and which do not: silent and unpaired ones."""

from collections.abc import Iterable

from flask import flash
from flask_babel import gettext as _

from web_admin.compound.models import Gate
from web_admin.gates.silence import is_silent
from web_admin.gates.status import GateWord, gate_status
from web_admin.web.context import request_now
from web_admin.web.places import site_gates


def status_of_gate(gate: Gate) -> GateWord:
    """Return the one word for a gate, now."""
    return gate_status(gate, request_now())


def warn_of_silence(gates: Iterable[Gate]) -> None:
    """Warn the author of a change that silent gates do not receive it now."""
    silent = [gate.name for gate in gates if is_silent(gate, request_now())]
    if silent:
        flash(_("No contact: %(gates)s. They learn of this only when they are in contact again; until then "
                "they go on as before.", gates=_(", ").join(silent)), "warning")


def say_saved(done: str) -> None:
    """Say that a change is done, and when the site's gates have it: only what is so."""
    gates = site_gates()
    words = {gate.gate_id: status_of_gate(gate) for gate in gates}
    if gates and set(words.values()) == {"in_contact"}:
        flash(_("%(done)s The gates know within seconds.", done=done), "success")
        return
    flash(done, "success")
    warn_of_silence(gates)
    without = [gate.name for gate in gates if words[gate.gate_id] == "new"]
    if without:
        flash(_("Without a controller: %(gates)s. They get it once they are paired.",
                gates=_(", ").join(without)), "info")
