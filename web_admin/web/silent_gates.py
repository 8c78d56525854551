"""Warn about gates that have not called for a while: orders and changes do not reach them now."""

from collections.abc import Iterable

from flask import flash
from flask_babel import gettext as _

from web_admin.compound.models import Gate
from web_admin.gates.silence import is_silent
from web_admin.web.context import request_now


def warn_of_silence(gates: Iterable[Gate]) -> None:
    """Warn the author of a change that silent gates do not receive it now."""
    silent = [gate.name for gate in gates if is_silent(gate, request_now())]
    if silent:
        flash(_("No contact: %(gates)s. They learn of this only when they are in contact again; until then "
                "they go on as before.", gates=_(", ").join(silent)), "warning")
