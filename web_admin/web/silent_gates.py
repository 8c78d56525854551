"""Warn about gates that have not called for a while: orders and changes do not reach them now."""

from collections.abc import Iterable

from flask import flash
from flask_babel import gettext as _

from web_admin.compound.models import Gate
from web_admin.gates.silence import has_been_silent
from web_admin.web.context import request_now


def is_silent(gate: Gate) -> bool:
    """Return whether a paired gate has not called for a while."""
    return gate.state == "paired" and has_been_silent(gate.last_seen_at, request_now())


def warn_of_silence(gates: Iterable[Gate]) -> None:
    """Warn the author of a change that silent gates do not receive it now."""
    silent = [gate.name for gate in gates if is_silent(gate)]
    if silent:
        flash(_("No contact: %(gates)s. They learn of this only when they are in contact again; until then "
                "they go on as before.", gates=_(", ").join(silent)), "warning")
