"""Buttons of the list of people for acts on several of them, and the choice that was made there."""

from flask import request

from web_admin.accounts.permissions import current_may
from web_admin.core.database import request_session
from web_admin.people.bulk_queries import last_acts
from web_admin.people.bulk_rules import MOST, BulkKind
from web_admin.people.queries import PeopleSearch, count_of, ids_of, wanted_of
from web_admin.web.forms import AgainForm
from web_admin.web.site import current_site, request_now

NEEDS: dict[BulkKind, str] = {
    "invite": "edit_people",
    "print_invitations": "issue_credentials",
    "print_pins": "issue_credentials",
    "hours": "edit_people",
    "suspend": "suspend_people",
}
"""The right that each act takes beside `edit_people`, which all of them take."""


def bulk_parts(wanted: PeopleSearch) -> dict[str, object]:
    """Return what the list needs to choose people: nothing for who may not act, or where all moved out."""
    if not current_may("edit_people"):
        return {"bulk_kinds": [], "last_acts": []}
    session, site_id = request_session(), current_site().site_id
    kinds = [kind for kind, action in NEEDS.items() if current_may(action)]
    return {
        "bulk_kinds": [] if wanted.state == "moved_out" else kinds,
        "bulk_form": AgainForm(formdata=None),
        "bulk_most": MOST,
        "found_count": count_of(session, site_id, wanted),
        "last_acts": last_acts(session, site_id, request_now()),
    }


def chosen_ids() -> list[str]:
    """Return the ticked people, or everyone of the whole list: at most one more than an act takes."""
    if request.form.get("all"):
        return ids_of(request_session(), current_site().site_id, wanted_of(request.form), MOST + 1)
    return list(dict.fromkeys(request.form.getlist("person")))[: MOST + 1]
