"""Desk session: the person whom this browser serves at the desk now.

The cookie names the visit and when it was last used; the database says whether it was ended. Which of
the residents' routes work at the desk is in one table, and a route that is missing there does not.
"""

from datetime import UTC, datetime, timedelta
from math import ceil

from flask import Flask, g, request, session
from flask_login import current_user, user_logged_out

from web_admin.accounts.permissions import current_may
from web_admin.action.base import DeskPerson
from web_admin.compound.queries import person_by_id
from web_admin.core.database import request_session
from web_admin.desk.models import DeskVisitRow
from web_admin.desk.visits import end_visits, is_waiting, visit_ends_at, visit_in_progress
from web_admin.web.context import current_action
from web_admin.web.site import current_site, request_now

VISIT, USED_AT = "desk_visit", "desk_used_at"
SERVE = "serve_at_desk"

AT_THE_DESK = frozenset(
    {
        "ways_in",
        "switch_method",
        "new_pin",
        "suspend_card",
        "resume_card",
        "end_own_suspension",
        "stop_phone",
        "two_ways",
        "new_printed_code",
        "printed_code_page",
        "end_printed_code",
        "visitors",
        "new_pass",
        "visitor_pass_page",
        "withdraw_visitor_pass",
        "new_visitor_code",
        "end_visitor_code",
        "visitor_pass_slip",
        "visitor_code_slip",
        "weekly_pass_page",
        "withdraw_weekly_pass",
        "my_home",
        "invite_to_home",
        "add_helper_to_home",
        "at_home",
        "change_at_home",
        "home_pin",
        "home_card",
        "home_code_again",
        "end_at_home",
        "take_back_at_home",
        "home_review",
        "answer_review",
        "face",
        "refuse_face",
        "another_way",
        "ask_withdraw_face",
        "withdraw_face_now",
        "drop_one_look",
        "choose_look_offers",
        "guardian",
        "answer_as_guardian",
        "end_ward_face",
        "records",
        "own_messages_page",
        "all_passages",
        "all_lookups",
        "consent_text",
        "receipts_file",
        "release_file",
        "export",
        "export_to_read",
        "certificate",
        "certificate_file",
        "delete_records",
        "delete_records_now",
        "requests",
        "new_request",
        "one_request",
        "take_request_back",
        "messages",
        "name_messages_address",
        "prove_messages_address",
        "choose_my_messages",
        "stop_my_messages",
        "choose_push_kinds",
        "remove_push_phone",
        "calls",
        "switch_calls",
        "do_not_disturb",
        "choose_call_order",
        "choose_quiet_hours",
        "choose_call_gates",
        "choose_couriers",
        "choose_call_label",
        "choose_called",
        "call_earlier",
        "ring_no_phone",
        "remove_call_number",
        "sign_out_everywhere",
    }
)
"""Residents' routes that a person served at the desk may use in the office's browser."""

ON_ONES_OWN_PHONE = frozenset(
    {
        "give_face",
        "agree_at_home",
        "add_child_to_home",
        "say_at_gate",
        "answer_desk",
        "my_code",
        "contact",
        "register_key",
        "code_now",
        "code_picture",
        "password",
        "save_password",
        "confirm",
        "confirm_first",
        "revoke_sign_ins",
        "add_push_phone",
        "ring_this_phone",
        "add_call_number",
        "call_number",
        "prove_call_number",
        "test_calls",
        "calls_seen",
        "call",
        "call_state",
        "call_now",
        "call_stream",
        "own_side_of_call",
        "gate_side_of_call",
        "answer_call",
        "reply_to_call",
        "open_by_call",
        "send_caller_away",
        "end_call_here",
        "make_passkey",
        "keep_passkey",
        "drop_passkey",
        "end_session",
        "sign_out",
    }
)
"""Consents, which no one gives through the hands of staff, what would leave a key, a code or a password of
the person in the office's browser, and telephones, which open: staff could prove one of their own."""


def start_visit(visit: DeskVisitRow) -> None:
    """Start acting for the visit's person in this browser, after their proof of presence."""
    session[VISIT] = visit.visit_id
    session[USED_AT] = request_now().timestamp()
    g.pop("menjin_desk", None)


def leave_visit() -> None:
    session.pop(VISIT, None)
    session.pop(USED_AT, None)
    g.pop("menjin_desk", None)


def current_visit() -> DeskVisitRow | None:
    """Return the visit that this browser is in, None without one, unproved, or when its time is over."""
    if "menjin_desk" not in g:
        g.menjin_desk = _visit()
    found: DeskVisitRow | None = g.menjin_desk
    return found


def waiting_visit() -> DeskVisitRow | None:
    """Return the unproved visit of this browser; it shows nothing and gives nothing."""
    visit = _named_visit()
    return visit if visit is not None and is_waiting(visit, request_now()) else None


def _named_visit() -> DeskVisitRow | None:
    visit_id = session.get(VISIT)
    if not isinstance(visit_id, str) or not current_may(SERVE):
        return None
    return visit_in_progress(request_session(), current_site(), visit_id, current_user.id)


def _visit() -> DeskVisitRow | None:
    visit, used_at = _named_visit(), session.get(USED_AT)
    if visit is None or not isinstance(used_at, float) or visit.proved_at is None:
        return None
    if request_now() >= visit_ends_at(visit, datetime.fromtimestamp(used_at, UTC)):
        return None
    person = person_by_id(request_session(), visit.person_id)
    return visit if person is not None and person.ended_at is None else None


def visit_was_left_open() -> bool:
    """Return whether this browser still names a visit that is not open; forget one whose time is over."""
    if session.get(VISIT) is None or current_visit() is not None:
        return False
    if waiting_visit() is not None:
        return True
    leave_visit()
    return True


def touch_visit() -> None:
    """Note that the visit was used just now."""
    session[USED_AT] = request_now().timestamp()


def time_left() -> timedelta:
    """Return how long the visit lasts when nothing is pressed any more."""
    visit = current_visit()
    return visit_ends_at(visit, request_now()) - request_now() if visit is not None else timedelta(0)


def minutes_left() -> int:
    """Return the same in whole minutes, begun ones counted."""
    return ceil(time_left() / timedelta(minutes=1))


def served_now() -> DeskPerson | None:
    """Return who is served in this browser, for the actions."""
    visit = current_visit()
    return DeskPerson(visit.visit_id, visit.person_id) if visit is not None and visit.person_id else None


def is_page_of_visit() -> bool:
    """Return whether a posted form was shown in this very visit, not to the person before."""
    visit = current_visit()
    return visit is not None and request.form.get("visit") == visit.visit_id


def end_with_sign_out(app: Flask) -> None:
    """End the visit when its member of staff signs out."""

    def end(_app: Flask, user: object) -> None:
        if session.get(VISIT) is not None:
            act = current_action()
            account_id = getattr(user, "id", None)
            if isinstance(account_id, int):
                end_visits(act, account_id, "signed_out")
            leave_visit()

    app.extensions["menjin_desk_sign_out"] = end  # the signal itself holds it weakly
    user_logged_out.connect(end, app)
