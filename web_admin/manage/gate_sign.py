"""Page of the sign beside a gate's keypad: which keys do what, and the code that couriers scan."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, render_template
from flask_babel import force_locale
from flask_babel import gettext as _
from markupsafe import Markup

from gate_controller.contract.languages import LANGUAGES
from web_admin.accounts.permissions import allowed
from web_admin.calls.sign_links import sign_text
from web_admin.compound.models import Gate
from web_admin.core.database import current_menjin, request_session
from web_admin.visitors.reach import reads_passes
from web_admin.web.context import get_or_404
from web_admin.web.qr_picture import svg_for_paper

PICTURE_MM = 28

bp = Blueprint("gate_sign", __name__, url_prefix="/manage/gates")


@dataclass(frozen=True, slots=True)
class SignPart:
    """The text of the sign in one language: each key with its effect, and one line below."""

    language: str
    key_lines: Sequence[tuple[str, str]]
    touch: str
    courier: str


@bp.get("/<gate_id>/sign")
@allowed("see_gates")
def show(gate_id: str) -> str:
    """Show the sign of a gate, in every language, for paper."""
    gate = get_or_404(request_session(), Gate, gate_id)
    parts = [_part(code) for code in LANGUAGES]
    return render_template("print/gate_sign.html", gate=gate, parts=parts, picture=picture_of(gate))


def picture_of(gate: Gate) -> Markup | None:
    """Return the code that couriers scan, None where no reader of the gate could read their codes."""
    menjin = current_menjin()
    if gate.state != "paired" or not reads_passes(gate):
        return None
    address = f"{menjin.config.public_url}/c/{sign_text(menjin.sealer, gate)}"
    return svg_for_paper(address, _("Code for couriers"), PICTURE_MM)


def _part(language: str) -> SignPart:
    with force_locale(language):
        return SignPart(
            language,
            (
                ("0", _("Reads the screen aloud")),
                ("##", _("Lists the ways in by number")),
                ("##7", _("Calls a home")),
                ("##8", _("Courier: asks a home")),
                ("##9", _("Calls the guard")),
            ),
            _("Or touch the screen and wait ten seconds: it reads aloud."),
            _("Couriers: scan, and type the number of the home"),
        )
