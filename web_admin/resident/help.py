"""Page of help: what to do about a loss, and whom to ask; readable without signing in."""

from flask import render_template
from flask_login import current_user

from web_admin.accounts.permissions import public
from web_admin.compound.queries import the_site
from web_admin.core.database import request_session
from web_admin.resident.blueprint import bp
from web_admin.web.desk_session import current_visit
from web_admin.web.resident_session import current_person


@bp.get("/help")
@public
def help_page() -> str:
    """Show help, with the person's own settings when they are signed in."""
    session = request_session()
    signed = getattr(current_user, "person_id", None) is not None or current_visit() is not None
    return render_template(
        "resident/help.html",
        person=current_person(session) if signed else None,
        site=the_site(session),
        tab="help_page",
    )
