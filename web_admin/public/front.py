"""The front page, and the choice of a language."""

from urllib.parse import urlsplit

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from gate_controller.contract.languages import LANGUAGES
from web_admin.accounts.permissions import RESIDENT_ROLE, current_may, public, role_names
from web_admin.compound.queries import person_by_id
from web_admin.core.database import current_menjin, request_session
from web_admin.people.actions import choose_own_language
from web_admin.web.navigation import PAGES
from web_admin.web.resident_session import act_of

bp = Blueprint("pages", __name__)


@bp.get("/")
@public
def front() -> str | Response:
    """Send people to the pages that are theirs; show strangers both doors."""
    if current_user.is_authenticated:
        if role_names() == [RESIDENT_ROLE]:
            person = person_by_id(request_session(), current_user.person_id)
            return redirect(url_for("resident.sign_in" if person is None else "resident.my_code"))
        for page in PAGES:
            if current_may(page.action):
                return redirect(url_for(page.endpoint))
    return render_template("public/front.html", gates_url=current_menjin().config.public_url)


@bp.post("/language")
@public
def switch_language() -> Response:
    """Keep the chosen language, for a resident also for mails, and go back to where it was chosen."""
    chosen = request.form.get("language")
    if chosen in LANGUAGES:
        session["language"] = chosen
        session.permanent = True
        _keep_for_resident(chosen)
    back = urlsplit(request.form.get("next", "/"))
    local = not back.scheme and not back.netloc
    safe = local and back.path.startswith("/") and not back.path.startswith(("//", "/\\"))
    query = f"?{back.query}" if back.query else ""
    return redirect(f"{back.path}{query}" if safe else "/")


def _keep_for_resident(language: str) -> None:
    """Use this language for mails and invitations of the signed-in resident too."""
    person_id = getattr(current_user, "person_id", None)
    person = person_by_id(request_session(), person_id)
    if person is not None and person.ended_at is None:
        choose_own_language(act_of(person), person.person_id, language)
