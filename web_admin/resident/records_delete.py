"""Page to delete the own records: what can go at once, and what stays until when."""

from flask import flash, render_template, request
from flask_babel import gettext

from web_admin.compound.policy_models import ENDED_PUBLISHED_FOR
from web_admin.core.database import current_menjin
from web_admin.core.refusal import ActionRefused
from web_admin.privacy.deletion import PARTS, deletable, delete_own
from web_admin.resident.ask_first import is_sure
from web_admin.resident.blueprint import bp, signed_in, site_of
from web_admin.web.page import Page, to
from web_admin.web.resident_session import resident_required
from web_admin.web.send_once import done_before


@bp.get("/records/delete")
@resident_required
def delete_records() -> str:
    """Show what can be deleted now and what stays, with its term."""
    return _page("")


def _page(problem: str) -> str:
    person, act = signed_in()
    return render_template(
        "resident/delete.html",
        person=person,
        site=site_of(person),
        can=deletable(act, person),
        config=current_menjin().config,
        ended_days=ENDED_PUBLISHED_FOR.days,
        problem_text=problem,
        tab="records",
    )


@bp.post("/records/delete")
@resident_required
def delete_records_now() -> Page:
    """Delete the chosen records at once."""
    person, act = signed_in()
    parts = [part for part in PARTS if request.form.get(part) == "1"]
    if parts and not is_sure():
        return _page("")
    if done_before(act):
        return to("resident.delete_records")
    try:
        gone = delete_own(act, person.person_id, parts)
    except ActionRefused as refused:
        message = str(refused.message)
        act.session.rollback()
        return _page(message), 422
    flash(
        gettext(
            "Deleted: %(passages)s passages, %(visitors)s visitors.",
            passages=gone.passages,
            visitors=gone.visitors,
        )
    )
    return to("resident.delete_records")
