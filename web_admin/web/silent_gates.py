"""Say which gates have a change within seconds, and which do not: silent and unpaired ones."""

from collections.abc import Iterable, Sequence

from flask import flash
from flask_babel import gettext as _
from flask_babel import ngettext

from web_admin.compound.models import Gate
from web_admin.gates.silence import is_silent
from web_admin.gates.status import GateWord, gate_status
from web_admin.web.places import site_gates
from web_admin.web.site import request_now

NAMED_GATES = 5
SEVERAL_GATES = "several_gates"
"""Category of a message about more gates than are named: the page adds the way to them."""


def status_of_gate(gate: Gate) -> GateWord:
    """Return the one word for a gate, now."""
    return gate_status(gate, request_now())


def warn_of_silence(gates: Iterable[Gate]) -> None:
    """Warn the author of a change that silent gates do not receive it now."""
    silent = [gate for gate in gates if is_silent(gate, request_now())]
    for text, category in _in_one_line(len(silent)) or _on_silence(silent):
        flash(text, category)


def _on_silence(gates: Iterable[Gate]) -> list[tuple[str, str]]:
    silent = [gate.name for gate in gates if is_silent(gate, request_now())]
    if not silent:
        return []
    text = _(
        "No contact: %(gates)s. They receive this when they are in contact again; until then "
        "nothing changes there.",
        gates=_named(silent),
    )
    return [(text, "warning")]


def _in_one_line(count: int) -> list[tuple[str, str]]:
    """Return one sentence about this many gates, which the page leads to; nothing where they can be named."""
    if count <= NAMED_GATES:
        return []
    text = ngettext(
        "%(num)d gate does not have this yet. It gets it at its next contact.",
        "%(num)d gates do not have this yet. They get it at their next contact.",
        count,
    )
    return [(text, SEVERAL_GATES)]


def _named(names: Sequence[str]) -> str:
    """Return the first few of these gates by name, and how many more there are; "" of none.

    The sentence travels in the session's cookie, and browsers drop one of more than 4 KB.
    """
    shown: str = _(", ").join(names[:NAMED_GATES])
    more = len(names) - NAMED_GATES
    if more <= 0:
        return shown
    text: str = ngettext("%(names)s and %(num)d more", "%(names)s and %(num)d more", more, names=shown)
    return text


def say_saved(done: str, gates: Sequence[Gate] | None = None) -> None:
    """Say that a change is done, and when `gates` have it, all of the site unless named: only what is so."""
    for text, category in sentences_on_saved(done, site_gates() if gates is None else gates):
        flash(text, category)


def sentences_on_saved(done: str, gates: Sequence[Gate]) -> list[tuple[str, str]]:
    """Return what is so of a change that is done, and of the gates that it concerns: texts and categories."""
    gates = [gate for gate in gates if gate.state != "retired"]
    words = {gate.gate_id: status_of_gate(gate) for gate in gates}
    if gates and set(words.values()) == {"in_contact"}:
        knows = ngettext(
            "%(done)s The gate knows within seconds.",
            "%(done)s The gates know within seconds.",
            len(gates),
            done=done,
        )
        return [(knows, "success")]
    return [(done, "success"), *gates_that_wait(gates)]


def gates_that_wait(gates: Sequence[Gate]) -> list[tuple[str, str]]:
    """Return what is so of gates that do not have a change within seconds: texts and categories."""
    words = {gate.gate_id: status_of_gate(gate) for gate in gates if gate.state != "retired"}
    gates = [gate for gate in gates if gate.gate_id in words]
    in_one_line = _in_one_line(sum(word != "in_contact" for word in words.values()))
    if in_one_line:
        return in_one_line
    said = _on_silence(gates)
    cloned, stolen, new = (
        _named([gate.name for gate in gates if words[gate.gate_id] == word])
        for word in ("forked", "stolen", "new")
    )
    if cloned:
        text = _(
            "Two controllers use one key: %(gates)s. Which of the two has this is unknown until one is "
            "paired again.",
            gates=cloned,
        )
        said.append((text, "warning"))
    if stolen:
        text = _(
            "Reported stolen: %(gates)s. The server no longer answers it, but it still has what it knew.",
            gates=stolen,
        )
        said.append((text, "warning"))
    if new:
        text = _("Without a controller: %(gates)s. They get it once they are paired.", gates=new)
        said.append((text, "info"))
    return said
