"""Page of what an access review asks a person, and an adult for the helpers and children of their home."""

from flask import abort, flash, render_template, request
from flask_babel import gettext
from werkzeug.wrappers import Response

from web_admin.access_review.actions import answer_asked
from web_admin.access_review.home import decide_at_home
from web_admin.access_review.queries import asked_of_person, rows_for_home
from web_admin.access_review.subjects import subjects_of
from web_admin.access_review.texts import ANSWERS, DECISIONS, KINDS, WHYS
from web_admin.resident.blueprint import bp, signed_in, site_of
from web_admin.web.page import to
from web_admin.web.resident_session import resident_required


@bp.get("/home/review")
@resident_required
def home_review() -> str:
    """Show what is asked, and what the home has answered."""
    person, act = signed_in()
    of_home = rows_for_home(act.session, act.site_id, person)
    own = asked_of_person(act.session, act.site_id, person.person_id)
    keys = [(row.kind, row.subject_id) for row in (*of_home, *own)]
    return render_template(
        "resident/home_review.html",
        person=person,
        site=site_of(person),
        of_home=of_home,
        own=own,
        subjects=subjects_of(act.session, act.site_id, keys, act.now),
        kinds=KINDS,
        whys=WHYS,
        answers=ANSWERS,
        decisions=DECISIONS,
        tab="my_home",
    )


@bp.post("/home/review/<row_id>")
@resident_required
def answer_review(row_id: str) -> Response:
    """Keep, suspend or leave to the office what the home looks after; or answer about one's own."""
    person, act = signed_in()
    of_home = rows_for_home(act.session, act.site_id, person)
    own = asked_of_person(act.session, act.site_id, person.person_id)
    if row_id not in {row.row_id for row in (*of_home, *own)}:
        abort(404)
    choice = request.form.get("choice", "")
    if choice in ("needed", "not_needed"):
        answer_asked(act, row_id, choice, person.person_id)
        done = gettext("Thank you. The property office decides.")
    else:
        said = {
            "keep": gettext("Kept."),
            "suspend": gettext("The card is suspended and opens nothing."),
            "office": gettext("The property office is asked to decide."),
            "gone": gettext("This had ended already. There was nothing left to decide."),
        }
        done = said[decide_at_home(act, person.person_id, row_id, choice)]
    flash(done, "done")
    return to("resident.home_review")
