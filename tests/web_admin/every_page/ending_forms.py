"""Send each act that ends something: by whom, where, with what in the form, and what is there before."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from gate_controller.contract.calendars import Span
from tests.support.compounds.cards import card_was_shown
from tests.support.compounds.lived_in import act_in
from tests.support.compounds.resident import csrf_of
from tests.web_admin.every_page.form_walk import Forms, Walk
from web_admin.access_review.models import ReviewRound, ReviewRow
from web_admin.access_review.rules import Kind
from web_admin.accounts.api_keys import SCOPES, make_api_key
from web_admin.accounts.models import User
from web_admin.compound.models import CalendarDay, Home, Lane, Person
from web_admin.compound.restore_models import RestoreReview
from web_admin.core.database import current_menjin
from web_admin.credentials.models import EmergencyCode
from web_admin.credentials.pins import issue_pin
from web_admin.custody.models import FaceLook, FaceShare
from web_admin.gates.hours import save_hours
from web_admin.messages.models import MailServer
from web_admin.people.actions import GrantSpec, set_grants
from web_admin.people.invitations import invite
from web_admin.people.members import invite_member
from web_admin.people.print_models import PrintRun

Words = dict[str, str]
Ready = Callable[[Walk, Session], Words]


@dataclass(frozen=True)
class Sending:
    """One act: whose browser sends it (a letter, or a resident by name), where, with what.

    `page` has the form of which the rest is taken, and names what ends; `confirmed` is what only a person who
    has read it sends.
    """

    who: str
    path: str
    data: Mapping[str, object] = field(default_factory=dict)
    page: str = ""
    confirmed: Mapping[str, str] = field(default_factory=dict)
    ready: Ready = lambda _walk, _session: {}


def _a_code(_walk: Walk, session: Session) -> Words:
    return {"code": session.scalars(select(EmergencyCode.credential_id)).first() or ""}


def _a_mail_server(walk: Walk, session: Session) -> Words:
    site_id = walk.compound.site_id
    session.add(
        MailServer(
            site_id=site_id,
            host="mail.example.org",
            port=587,
            security="starttls",
            username="",
            sender="gate@example.org",
        )
    )
    return {}


def _a_restored_key(walk: Walk, session: Session) -> Words:
    session.add(
        RestoreReview(
            review_id="key",
            site_id=walk.compound.site_id,
            kind="api_key",
            subject_id="one",
            before={},
            after={},
            found_at=walk.compound.clock(),
        )
    )
    return {}


def _printed_pins(walk: Walk, session: Session) -> Words:
    run = session.get_one(PrintRun, walk.callers.words["print_run"])
    run.kind, run.state = "pins", "shown"
    return {}


def _a_persons_pin(walk: Walk, _session: Session) -> Words:
    return {"with_pin": walk.compound.persons["林薇"]}


def _a_day(_walk: Walk, session: Session) -> Words:
    return {"some_day": session.scalars(select(CalendarDay.day)).first().isoformat()}


def _free_hours(walk: Walk, session: Session) -> Words:
    act = act_in(walk.compound, session, "tests", "manager")
    return {"free_hours": save_hours(act, None, "Free", [Span(("mon",), 60, 120)]).hours_id}


def _a_schedule(_walk: Walk, session: Session) -> Words:
    return {"scheduled": next(iter(session.get_one(Lane, "north-in").posture_hours))}


def north_alone(walk: Walk, session: Session, person_id: str) -> Words:
    """Let a person pass the north gate alone."""
    act = replace(act_in(walk.compound, session, "tests", "manager"), because="asked")
    set_grants(act, person_id, [GrantSpec(("north-in", "north-out"), None)])
    return {}


def _an_account_under_review(_walk: Walk, session: Session) -> Words:
    # Not the manager's own: no member of staff ends their own account.
    installer = session.scalars(select(User.id).where(User.email == "installer@example.org")).one()
    rows = select(ReviewRow.row_id).where(ReviewRow.kind == Kind.ACCOUNT, ReviewRow.decision.is_(None))
    of_open = rows.join(ReviewRound, ReviewRound.round_id == ReviewRow.round_id).where(
        ReviewRound.closed_at.is_(None)
    )
    return {"account_row": session.scalars(of_open.where(ReviewRow.subject_id == str(installer))).one()}


def _a_guardian(walk: Walk, _session: Session) -> Words:
    return {"guardian": walk.compound.persons["林薇"], "minor": walk.compound.persons["林贝"]}


def _an_empty_home(walk: Walk, session: Session) -> Words:
    session.add(Home(home_id="empty", site_id=walk.compound.site_id, number="9-9999", pin_salt=b"0" * 16))
    return {}


def _an_invited_member(walk: Walk, session: Session) -> Words:
    own = walk.compound.persons["王芳"]
    act = act_in(walk.compound, session, own, "phone")
    session.get_one(Person, own).phone_unproven = None
    person, _code = invite_member(act, own, display_name="New", age_band="adult", language="zh", waits=False)
    return {"member": person.person_id}


def _a_wards_pin(walk: Walk, session: Session) -> Words:
    issue_pin(act_in(walk.compound, session, "tests"), walk.callers.words["own_ward"])
    return {}


def _a_look(walk: Walk, session: Session) -> Words:
    look = session.get_one(FaceLook, ("north", "0000000000000001"))
    person_id = walk.compound.persons["赵敏"]
    share = session.get(FaceShare, (person_id, "north"))
    if share is None:
        share = FaceShare(
            person_id=person_id, gate_id="north", share_sealed=b"s", created_at=walk.compound.clock()
        )
        session.add(share)
    share.consent_id = look.consent_id
    return {}


def _a_child(walk: Walk, session: Session) -> Words:
    """Make the ward a child whose card a guardian agreed to, with an invitation that is not used."""
    ward = session.get_one(Person, walk.callers.words["own_ward"])
    ward.age_band = "under_14"
    return {}


HOURS = {"name": "Other", "span1-days": ["mon"], "span1-start": "07:00", "span1-end": "08:00"}
PERSON, RESIDENT = "/manage/people/{person}", "/r"
SURE, LOOK = {"sure": "1"}, "/r/face/looks/north/0000000000000001/drop"
SENT: Mapping[str, Sending] = {
    # undone
    "hours.new": Sending("M", "/manage/hours/new", HOURS),
    "hours.edit": Sending("M", "/manage/hours/{hours}", HOURS),
    "hours.new_day": Sending(
        "M", "/manage/hours/days/new", {"day": "2031-03-03", "last_day": "", "kind": "holiday", "name": "X"}
    ),
    "hours.edit_day": Sending(
        "M", "/manage/hours/days/{some_day}", {"name": "Y"}, "/manage/hours/days/{some_day}", ready=_a_day
    ),
    "hours.remove_day": Sending("M", "/manage/hours/days/{some_day}/remove", ready=_a_day),
    "schedules.new": Sending(
        "M", "/manage/lanes/east-in/schedules/new", {"hours_id": "{hours}", "posture": "lockdown"}
    ),
    "hours.remove": Sending("M", "/manage/hours/{free_hours}/remove", ready=_free_hours),
    "schedules.remove": Sending(
        "M", "/manage/lanes/north-in/schedules/{scheduled}/remove", ready=_a_schedule
    ),
    "gates.edit_lane": Sending(
        "M",
        "/manage/gates/north/lanes/north-in",
        {"name": "Renamed"},
        page="/manage/gates/north/lanes/north-in",
    ),
    "person.grants": Sending(
        "M", f"{PERSON}/grants", {"lanes": ["north-in", "north-out"]}, f"{PERSON}/grants"
    ),
    "api_keys.end": Sending("M", "/manage/keys/one/end"),
    "cards.end": Sending("M", "/manage/cards/{own_card}/end", {"reason": "returned"}),
    "emergency.end": Sending("M", "/manage/emergency/{code}/end", ready=_a_code),
    "settings.remove_mail": Sending("M", "/manage/settings/mail/remove", ready=_a_mail_server),
    "staff.close": Sending("M", "/manage/staff/{account}/close"),
    "webhooks.remove": Sending("M", "/manage/settings/webhooks/one/remove"),
    # confirmed: the office
    "webhooks.change_key": Sending("M", "/manage/settings/webhooks/one/key"),
    "emergency.new": Sending(
        "M",
        "/manage/emergency/new?instead_of={code}",
        page="/manage/emergency/new?instead_of={code}",
        ready=_a_code,
    ),
    "staff.new_start": Sending("M", "/manage/staff/{account}/again"),
    "person.send_invitation": Sending("M", f"{PERSON}/invite"),
    "person.give_pin": Sending("M", "/manage/people/{with_pin}/pin", ready=_a_persons_pin),
    "visitors.withdraw": Sending("M", "/manage/visitors/{office_pass}/withdraw"),
    "weekly_visitors.withdraw": Sending("M", "/manage/visitors/weekly/{office_weekly}/withdraw"),
    "privacy.switch_face": Sending("M", "/manage/privacy/face", {"face": "off"}),
    "privacy.ask_for": Sending("M", "/manage/privacy/consent", {"written_release": "y"}),
    "privacy.edit_notice": Sending("M", "/manage/privacy/notice", page="/manage/privacy/notice"),
    "restored.decide_one": Sending("M", "/manage/restored/key", {"decision": "kept"}, ready=_a_restored_key),
    "additions.decide": Sending("M", "/manage/people/{own_ward}/addition/refuse"),
    "print_runs.cancel": Sending("M", "/manage/print/{print_run}/cancel"),
    "print_runs.handed_out": Sending("M", "/manage/print/{print_run}/handed-out", ready=_printed_pins),
    "consent_desk.write_down": Sending("M", "/manage/people/{with_face}/face/no", {"answer": "withdraw"}),
    "consent_desk.write_guardian": Sending(
        "M", "/manage/people/{minor}/face/guardian", {"gone": "{guardian}"}, ready=_a_guardian
    ),
    # confirmed: the page itself names what ends
    "person.leave": Sending("M", f"{PERSON}/move-out", page=f"{PERSON}/move-out", confirmed={"sure": "y"}),
    "moving.leave": Sending(
        "M",
        "/manage/people/homes/{home}/move-out",
        page="/manage/people/homes/{home}/move-out",
        confirmed={"sure": "y"},
    ),
    "gates_out_of_use.take": Sending(
        "M",
        "/manage/gates/garage/out-of-use",
        page="/manage/gates/garage/out-of-use",
        confirmed={"sure": "y"},
    ),
    "card_batch.put_in_place": Sending(
        "M",
        "/manage/cards/{own_card}/replace",
        page="/manage/cards/{own_card}/replace",
        confirmed={"number": "0000770001"},
    ),
    "access_review.suspend_row": Sending(
        "M",
        "/manage/access-review/rows/{account_row}/suspend",
        page="/manage/access-review",
        ready=_an_account_under_review,
    ),
    "access_review.close": Sending(
        "M",
        "/manage/access-review/close",
        page="/manage/access-review",
        confirmed={"left": "", "round_id": ""},
    ),
    # confirmed: residents
    "resident.withdraw_visitor_pass": Sending("R", "/r/visitors/{own_pass}/withdraw", confirmed=SURE),
    "resident.withdraw_weekly_pass": Sending("R", "/r/visitors/weekly/{own_series}/withdraw", confirmed=SURE),
    "resident.end_visitor_code": Sending("R", "/r/visitors/codes/one-code/end", confirmed=SURE),
    "resident.end_printed_code": Sending("R", "/r/printed-code/one-qr-True/end", confirmed=SURE),
    "resident.stop_phone": Sending("R", "/r/phones/one-qr-False/stop", confirmed=SURE),
    "resident.new_pin": Sending("林薇", "/r/pin", confirmed=SURE),
    "resident.home_pin": Sending("R", "/r/home/with/{own_ward}/pin", confirmed=SURE, ready=_a_wards_pin),
    "resident.take_back_at_home": Sending(
        "R", "/r/home/with/{own_ward}/take-back", confirmed=SURE, ready=_a_child
    ),
    "resident.home_code_again": Sending(
        "R", "/r/home/with/{member}/code", confirmed=SURE, ready=_an_invited_member
    ),
    "resident.end_at_home": Sending(
        "R", "/r/home/with/{member}/end", confirmed=SURE, ready=_an_invited_member
    ),
    "resident.drop_passkey": Sending("R", "/r/passkeys/one/remove", confirmed=SURE),
    "resident.drop_one_look": Sending("赵敏", LOOK, confirmed=SURE, ready=_a_look),
    "resident.sign_out_everywhere": Sending("R", "/r/sign-out-everywhere", confirmed=SURE),
    "resident.delete_records_now": Sending("R", "/r/records/delete", {"passages": "1"}, confirmed=SURE),
    "resident.withdraw_face_now": Sending("赵敏", "/r/face/off", confirmed=SURE),
    "resident.end_ward_face": Sending("林薇", "/r/guardian/of/{ward}/off", confirmed=SURE),
}
OF_KEYS: Mapping[str, tuple[str, Mapping[str, str], Ready]] = {
    "api_cards.end_card": ("/api/v1/cards/{own_card}/end", {"reason": "damaged"}, lambda _walk, _session: {}),
    "api_homes.close_home": ("/api/v1/homes/empty/end", {}, _an_empty_home),
    "api_passes.end_pass": ("/api/v1/passes/{office_pass}/withdraw", {}, lambda _walk, _session: {}),
    "api_people.let_move_out": ("/api/v1/people/{person}/move-out", {}, lambda _walk, _session: {}),
}


def prepare(walk: Walk, ready: Ready) -> Words:
    """Put the database back, add what the act needs, and return the words of its addresses."""
    walk.put_back()
    known = walk.callers.words | {"with_face": walk.compound.persons["赵敏"]}
    with walk.compound.app.app_context(), current_menjin().database.session() as session:
        return known | ready(walk, session)


def browser_of(walk: Walk, who: str) -> FlaskClient:
    """Return a signed-in browser of a role's letter, or of a resident by name."""
    if who in walk.callers.clients:
        walk.callers.make_ready(who)
        return walk.callers.clients[who]
    client, person_id = walk.compound.app.test_client(), walk.compound.persons[who]
    with walk.compound.app.app_context(), current_menjin().database.session() as session:
        code = invite(act_in(walk.compound, session, "tests"), person_id)
    data = {"code": code, "csrf_token": csrf_of(client.get("/r/welcome").text)}
    assert client.post("/r/welcome", data=data).status_code == 303
    card_was_shown(walk.compound.app, person_id)
    return client


def send(client: FlaskClient, act: Sending, words: Words, **more: str) -> TestResponse:
    """Send an act with what its page shows and what a person adds."""
    path = act.path.format(**words)
    data: dict[str, object] = {"csrf_token": csrf_of(client.get("/privacy").text)}
    data["once"] = secrets.token_urlsafe(18)
    if act.page:
        forms = Forms(client.get(act.page.format(**words)).text, act.page.format(**words)).forms
        shown = next(form.shown for form in forms if form.action.partition("?")[0] == path.partition("?")[0])
        data |= {name: value for name, value in shown.items() if name not in {*act.confirmed, "when"}}
        more = {name: value or str(shown[name][0]) for name, value in more.items()}
    data |= {name: _filled(value, words) for name, value in act.data.items()}
    return client.post(path, data=data | more)


def _filled(value: object, words: Words) -> object:
    return value.format(**words) if isinstance(value, str) else value


def key_of_all_scopes(walk: Walk) -> str:
    """Make a key for another system that may do everything."""
    with walk.compound.app.app_context(), current_menjin().database.session() as session:
        act = act_in(walk.compound, session, "tests", "manager")
        return make_api_key(act, name="x", scopes=SCOPES, valid_until=act.now + timedelta(days=1)).text
