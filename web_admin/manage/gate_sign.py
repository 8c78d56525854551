"""Page of the sign beside a gate's keypad: which keys read aloud, list the ways in and call help."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, render_template
from flask_babel import force_locale
from flask_babel import gettext as _

from gate_controller.contract.languages import LANGUAGES
from web_admin.accounts.permissions import allowed
from web_admin.compound.models import Gate
from web_admin.core.database import request_session
from web_admin.web.context import get_or_404

bp = Blueprint("gate_sign", __name__, url_prefix="/manage/gates")


@dataclass(frozen=True, slots=True)
class SignPart:
    """The text of the sign in one language: each key with its effect, and one line below."""

    language: str
    key_lines: Sequence[tuple[str, str]]
    touch: str


@bp.get("/<gate_id>/sign")
@allowed("see_gates")
def show(gate_id: str) -> str:
    """Show the sign of a gate, in every language, for paper."""
    gate = get_or_404(request_session(), Gate, gate_id)
    return render_template("print/gate_sign.html", gate=gate, parts=[_part(code) for code in LANGUAGES])


def _part(language: str) -> SignPart:
    with force_locale(language):
        return SignPart(
            language,
            (
                ("0", _("Reads the screen aloud")),
                ("##", _("Lists the ways in by number")),
                ("##9", _("Calls the guard")),
            ),
            _("Or touch the screen and wait ten seconds: it reads aloud."),
        )
