"""Actions on requests about personal data and complaints: file, acknowledge, answer in time.

The person files on their phone or at the desk, recognised by what they opened it with (D7). The office
acknowledges within three working days and answers within fifteen days, an objection to a suspension within
three; a no needs its reason, and goes out with where to complain further.
"""

from datetime import datetime

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from gate_controller.contract.event_kinds import EventKind
from web_admin.action.base import Action, begin, checked_text, new_id, record
from web_admin.action.lookups import person_of
from web_admin.alarms.actions import raise_alarm
from web_admin.compound.models import Person, Site
from web_admin.core.database import Menjin
from web_admin.core.refusal import ActionRefused
from web_admin.gates.schedules import read_site_hours
from web_admin.people.actions import edit_person
from web_admin.privacy.contact import complaint_channels
from web_admin.privacy.deadlines import ANSWER_DAYS, OBJECTION_DAYS, acknowledge_by, answer_by
from web_admin.privacy.models import RightsRequest
from web_admin.privacy.queries import late_requests, open_request_count

KINDS = ("access", "correction", "deletion", "restriction", "complaint", "objection")
SUBJECTS = ("name", "home", "gates", "other")
"""Subjects of a correction; a name is corrected here, the rest where it is kept."""
MAX_TEXT_CHARS = 1000
SHORTEST_REASON_CHARS = 10
MAX_OPEN = 10

NEEDS_TEXT = frozenset({"complaint", "restriction"})


def file_request(
    act: Action, person_id: str, kind: str, *, text: str = "", subject: str | None = None, wanted: str = ""
) -> RightsRequest:
    """File what a person asks for, with its due dates; raise ActionRefused naming the field."""
    site = begin(act)
    person = person_of(act, person_id)
    if act.channel not in ("phone", "desk"):
        raise ActionRefused(None, _("People file on their phone or at the desk."))
    if kind not in KINDS:
        raise ActionRefused("kind", _("Choose what you want."))
    asked = _checked_long("text", text, needed=kind in NEEDS_TEXT)
    right = None
    if kind == "correction":
        if subject not in SUBJECTS:
            raise ActionRefused("subject", _("Choose what is wrong."))
        right = checked_text("wanted", wanted)
    if open_request_count(act.session, person_id) >= MAX_OPEN:
        raise ActionRefused(
            None, _("%(count)s of your requests are open. Wait for an answer.", count=MAX_OPEN)
        )
    request = new_request(act, site, person, kind, asked)
    request.subject, request.wanted = subject if kind == "correction" else None, right
    record(act, "request_filed", {"request_id": request.request_id, "kind": kind}, person_id=person_id)
    return request


def new_request(act: Action, site: Site, person: Person, kind: str, text: str) -> RightsRequest:
    """Return a new request with its due dates, stored; the caller records it."""
    calendar = read_site_hours(act.session, site).calendar
    days = OBJECTION_DAYS if kind == "objection" else ANSWER_DAYS
    due = answer_by(calendar, act.now, days)
    request = RightsRequest(
        request_id=new_id(),
        site_id=act.site_id,
        person_id=person.person_id,
        kind=kind,
        text=text,
        channel=act.channel,
        filed_at=act.now,
        acknowledge_by=min(acknowledge_by(calendar, act.now), due),
        answer_by=due,
        answer="",
        further="",
        late="",
    )
    act.session.add(request)
    return request


def withdraw_request(act: Action, person_id: str, request_id: str) -> None:
    """Take a request back; the office sees that it need not answer."""
    begin(act)
    person_of(act, person_id)
    request = _open_request(act, request_id)
    if request.person_id != person_id:
        raise ActionRefused(None, _("You can change only what is your own."))
    _close(act, request, "withdrawn", "")


def acknowledge(act: Action, request_id: str) -> None:
    begin(act)
    request = _open_request(act, request_id)
    if request.acknowledged_at is not None:
        raise ActionRefused(None, _("This was acknowledged before."))
    _acknowledged(act, request)
    record(act, "request_acknowledged", {"request_id": request_id}, person_id=request.person_id)


def answer(act: Action, request_id: str, text: str) -> None:
    begin(act)
    request = _open_request(act, request_id)
    _close(act, request, "answered", _checked_long("text", text, needed=True))


def refuse(act: Action, request_id: str, reason: str, language: str) -> None:
    """Refuse a request with its reason; the answer names where to complain further, in their language."""
    begin(act)
    request = _open_request(act, request_id)
    said = _checked_long("text", reason, needed=True)
    if len(said) < SHORTEST_REASON_CHARS:
        raise ActionRefused("text", _("Say why, in a sentence: a no without reasons is not lawful."))
    further = complaint_channels(act.session, act.site_id, language)
    if not further:
        raise ActionRefused(
            "text", _("First publish where people can complain, under Privacy: a no has to name it.")
        )
    request.further = further
    _close(act, request, "refused", said)


def correct(act: Action, request_id: str, before: str, after: str, text: str) -> None:
    """Close a correction with the old and the new value; a name is changed at once."""
    begin(act)
    request = _open_request(act, request_id)
    if request.kind != "correction":
        raise ActionRefused(None, _("This request asks for no correction."))
    right = checked_text("after", after)
    person = person_of(act, request.person_id)
    if request.subject == "name":
        request.value_before = person.display_name
        edit_person(
            act, person.person_id, display_name=right, language=person.language, slow_pass=person.slow_pass
        )
    else:
        request.value_before = checked_text("before", before)
    request.value_after = right
    said = _checked_long("text", text, needed=False)
    record(
        act,
        "request_corrected",
        {"request_id": request_id, "subject": request.subject},
        personal={"before": request.value_before, "after": right},
        person_id=request.person_id,
    )
    _close(act, request, "answered", said)


def is_late(request: RightsRequest, now: datetime) -> bool:
    """Return whether an open request waits beyond one of its due dates."""
    if request.closed_at is not None:
        return False
    return now > request.answer_by or (request.acknowledged_at is None and now > request.acknowledge_by)


def notify_of_late_requests(menjin: Menjin, now: datetime) -> int:
    """Raise an alarm once for each due date that passed; return how many."""
    count = 0
    with menjin.database.session() as session:
        for request in session.scalars(select(RightsRequest).where(late_requests(now))):
            if now > request.answer_by:
                late, kind = "answer", EventKind.ALARM_REQUEST_OVERDUE
            else:
                late, kind = "acknowledge", EventKind.ALARM_REQUEST_UNACKNOWLEDGED
            if request.late != late:
                request.late = late
                raise_alarm(session, request.site_id, kind, now, once=True)
                count += 1
    return count


def _open_request(act: Action, request_id: str) -> RightsRequest:
    request = act.session.get(RightsRequest, request_id)
    if request is None or request.site_id != act.site_id:
        raise ActionRefused(None, _("There is no such request."))
    if request.closed_at is not None:
        raise ActionRefused(None, _("This request is closed already."))
    return request


def _acknowledged(act: Action, request: RightsRequest) -> None:
    request.acknowledged_at, request.acknowledged_by = act.now, act.actor_id


def _close(act: Action, request: RightsRequest, outcome: str, text: str) -> None:
    if request.acknowledged_at is None and outcome != "withdrawn":
        _acknowledged(act, request)
    request.outcome, request.answer = outcome, text
    request.closed_at, request.closed_by = act.now, act.actor_id
    record(
        act,
        "request_closed",
        {"request_id": request.request_id, "kind": request.kind, "outcome": outcome},
        person_id=request.person_id,
    )


def _checked_long(field: str, text: str, *, needed: bool) -> str:
    """Return a text of several lines; raise ActionRefused when it is needed and empty, or too long."""
    said = text.replace("\r\n", "\n").strip()
    if needed and not said:
        raise ActionRefused(field, _("Please fill this in."))
    if len(said) > MAX_TEXT_CHARS:
        raise ActionRefused(field, _("Please use at most %(count)s characters.", count=MAX_TEXT_CHARS))
    return said
