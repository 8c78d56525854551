"""Detect from tapped cards how a sheet writes its numbers, and show beside the field what does not fit."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from web_admin.core.refusal import ActionRefused
from web_admin.credentials.card_formats import FORMS, MIN_TAPS, Tap, prove
from web_admin.manage.import_forms import TAPS, ProofForm
from web_admin.people_import.check import ImportPlan
from web_admin.web.context import show_refusal, typed
from web_admin.web.desk_reader import read_tap
from web_admin.web.site import current_site


def suggest_rows(form: ProofForm, plan: ImportPlan) -> None:
    """Offer rows with a card from the sheet's start, middle and end; longer numbers distinguish more."""
    rows = sorted(plan.card_cells)
    if not rows:
        return
    picked = dict.fromkeys((rows[0], rows[len(rows) // 2], rows[-1]))
    for number, row in zip(TAPS, picked, strict=False):
        form[f"row{number}"].data = row


def proven_form(form: ProofForm, plan: ImportPlan) -> str | None:
    """Return the one form that fits all tapped cards; otherwise write what is wrong and return None."""
    taps = _taps(form, plan)
    if form.errors:
        return None
    if len(taps) < MIN_TAPS:
        form.form_errors.append(_("Tap the cards of two rows at least."))
        return None
    proof = prove([tap for _number, tap in taps], list(plan.card_cells.values()), current_site())
    if proof.form is not None:
        return proof.form
    if proof.forms:
        names = "; ".join(str(FORMS[name][0]) for name in proof.forms)
        form.form_errors.append(
            _("These cards fit more than one way of writing: %(forms)s. Tap one more card.", forms=names)
        )
        return None
    misfits = [number for number, tap in taps if tap.row in proof.misfits]
    for number in misfits:
        show_refusal(
            form,
            ActionRefused(
                f"tap{number}", _l("This card does not match that row in any format. Is it another card?")
            ),
        )
    if not misfits:
        form.form_errors.append(
            _(
                "Each of these cards fits a way of writing, but no way fits all: the sheet mixes them, or a "
                "card was not that row's."
            )
        )
    return None


def _taps(form: ProofForm, plan: ImportPlan) -> list[tuple[int, Tap]]:
    taps: list[tuple[int, Tap]] = []
    for number in TAPS:
        text, row = typed(form[f"tap{number}"]).strip(), form[f"row{number}"].data
        if not text:
            continue
        if row not in plan.card_cells:
            show_refusal(form, ActionRefused(f"row{number}", _l("This row of the sheet has no card.")))
            continue
        try:
            taps.append((number, Tap(row, plan.card_cells[row], read_tap(text))))
        except ActionRefused as refused:
            show_refusal(form, ActionRefused(f"tap{number}", refused.message))
    return taps
