"""Build 58 mm slips for visitors for a thermal printer, in one language or both, without names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import render_template, request
from flask_babel import force_locale
from flask_babel import gettext as _
from markupsafe import Markup

from gate_controller.contract.languages import LANGUAGES
from web_admin.visitors.models import VisitorPassRow
from web_admin.web.qr_picture import svg_for_paper
from web_admin.web.site import current_site
from web_admin.web.times import moment_in_figures

PRINTED_MM = 48
"""Width, in millimetres, that a printer for paper of 58 mm can print on."""
CHOICES: Mapping[str, tuple[str, ...]] = {"both": LANGUAGES, **{code: (code,) for code in LANGUAGES}}


@dataclass(frozen=True, slots=True)
class SlipPart:
    language: str
    title: str
    how: str
    facts: Sequence[tuple[str, str]]


def slip_languages() -> tuple[str, ...]:
    """Return the languages asked for in the address, both unless one is named."""
    return CHOICES.get(request.values.get("slip_language", ""), LANGUAGES)


def pass_slip(row: VisitorPassRow, gate_names: Sequence[str], back: str) -> str:
    parts = []
    for language in slip_languages():
        with force_locale(language):
            parts.append(
                SlipPart(
                    language,
                    _("Visitor's pass"),
                    _("Hold the code to the reader. A copy opens too."),
                    (
                        (_("Gates"), _(", ").join(gate_names)),
                        (_("From"), moment_in_figures(row.valid_from)),
                        (_("Until"), moment_in_figures(row.valid_until)),
                        (_("Use"), _("once") if row.uses == 1 else _("as often as needed")),
                    ),
                )
            )
    picture = svg_for_paper(row.text, _("QR code of the pass"), PRINTED_MM)
    return _page(parts, back, picture=picture, number=row.pass_id[:6])


def code_slip(
    digits: str, home_number: str, gate_names: Sequence[str], valid_until: datetime, back: str
) -> str:
    """Return the page with the slip of a visitor's code: digits to type, once."""
    parts = []
    for language in slip_languages():
        with force_locale(language):
            parts.append(
                SlipPart(
                    language,
                    _("Visitor's code"),
                    _("At the keypad: home number %(number)s, then these digits.", number=home_number),
                    (
                        (_("Gates"), _(", ").join(gate_names)),
                        (_("Until"), moment_in_figures(valid_until)),
                        (_("Use"), _("once")),
                    ),
                )
            )
    return _page(parts, back, digits=f"{digits[:4]} {digits[4:]}", fields={"digits": digits})


def _page(
    parts: Sequence[SlipPart],
    back: str,
    *,
    picture: Markup | None = None,
    digits: str = "",
    number: str = "",
    fields: Mapping[str, str] | None = None,
) -> str:
    return render_template(
        "slip.html",
        site_name=current_site().name,
        parts=parts,
        picture=picture,
        digits=digits,
        number=number,
        back=back,
        fields=fields or {},
        chosen="both" if len(parts) > 1 else parts[0].language,
    )
