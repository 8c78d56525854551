"""The desk: the person's own card or PIN opens it, their own pages work in it, and nothing is mixed."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests.support.compounds.desk import (
    CARD_OF_LIN,
    CARD_OF_WANG,
    card_of,
    give_pins,
    hidden_of,
    look_for_proof,
    press,
    read,
    served_with_card,
    served_with_pin,
    show_at_a_gate,
    tap,
    type_pin,
)
from web_admin.accounts.permissions import RESIDENT, access_of
from web_admin.action.base import new_action
from web_admin.alarms.models import Alarm
from web_admin.compound.models import CredentialRow, Person
from web_admin.core.database import current_menjin
from web_admin.credentials.actions import suspend_credential
from web_admin.custody.models import Consent
from web_admin.desk.models import DeskVisitRow
from web_admin.face.actions import give_face_consent
from web_admin.journal.models import AuditEntry
from web_admin.messages.models import MailServer, OutboxMessage
from web_admin.messages.subscription_models import NotificationSubscription
from web_admin.people.invitations import accept_invitation, invite
from web_admin.privacy.retention import STEPS
from web_admin.visitors.models import VisitorPassRow
from web_admin.web.desk_session import AT_THE_DESK, ON_ONES_OWN_PHONE


@pytest.fixture
def wang(compound):
    return compound.persons["王芳"]


def entries(compound, kind):
    query = select(AuditEntry).where(AuditEntry.kind == kind).order_by(AuditEntry.seq)
    return read(compound, lambda s: s.scalars(query).all())


def act_of_office(compound, session, channel="manager"):
    return new_action(current_menjin(), session, compound.site_id, "tests", channel, now=compound.clock())


# -- opening ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["manager", "guard"])
def test_a_card_held_to_the_desk_reader_opens_its_holders_pages(compound, wang, role):
    client = compound.signed_in(role)
    assert client.get("/r/").status_code == 403
    opened = served_with_card(client, f"{CARD_OF_WANG}\n")
    assert (opened.status_code, opened.location) == (303, "/r/")
    page = client.get("/r/").text
    assert "At the desk for home 3‑1203" in page
    assert "ends in 10 min" in page
    assert 'class="at-desk"' in page
    assert read(compound, lambda s: s.scalars(select(DeskVisitRow.person_id)).all()) == [wang]


@pytest.mark.parametrize("home", ["3-1203", "31203"])
def test_home_number_and_pin_open_the_pages_of_whose_pin_it_is(compound, wang, home):
    pins = give_pins(compound)
    client = compound.signed_in("guard")
    assert served_with_pin(client, home, pins.usual).location == "/r/"
    assert client.get("/r/").status_code == 200
    (opened,) = entries(compound, "desk_opened")
    assert (opened.person_id, opened.facts["by"]) == (wang, "pin")


@pytest.mark.parametrize("role", ["installer", "privacy_officer"])
def test_other_staff_serve_no_resident(compound, role):
    client = compound.signed_in(role)
    assert client.get("/manage/desk").status_code == 403
    assert client.get("/r/").status_code == 403


@pytest.mark.parametrize("number", ["4299999", "0", "not a card"])
def test_an_unknown_card_opens_nothing_and_shows_no_name(compound, number):
    client = compound.signed_in()
    answer = served_with_card(client, number)
    assert answer.location in ("/manage/desk?again=1", "/manage/desk?over=1")
    page = client.get(answer.location)
    assert [name for name in compound.persons if name in page.text] == []
    assert client.get("/r/").status_code in (303, 403)


def test_a_suspended_card_opens_no_visit_and_looks_like_any_other_number(compound, wang):
    with compound.app.app_context(), current_menjin().database.session() as session:
        suspend_credential(act_of_office(compound, session), card_of(session, wang))
    client = compound.signed_in()
    begun, unknown = tap(client), tap(compound.signed_in("guard"), "4299999")
    assert (begun.status_code, begun.location) == (unknown.status_code, unknown.location)
    assert served_with_card(client).location == "/manage/desk?again=1"
    assert {(e.facts["by"], e.person_id) for e in entries(compound, "desk_asked")} == {("card", None)}


def test_wrong_pins_are_slowed_at_this_desk_and_lock_no_resident_out(compound):
    pins = give_pins(compound)
    guard = compound.signed_in("guard")
    tries = [type_pin(guard, "3-1203", "000001").status_code for _try in range(5)]
    assert tries == [422] * 5
    refused = type_pin(guard, "3-1203", pins.usual)
    assert refused.status_code == 429
    assert 'value="3-1203"' in refused.text
    assert pins.usual not in refused.text
    assert len(entries(compound, "desk_refused")) == 5
    # The household's cards here, and the same home at another desk go on; the manager sees an alarm.
    assert served_with_card(guard).location == "/r/"
    assert type_pin(compound.signed_in("manager"), "3-1203", pins.usual).status_code == 303
    alarms = read(compound, lambda s: s.scalars(select(Alarm.kind)).all())
    assert alarms.count("alarm_desk_guessing") == 1


def test_pins_of_a_home_are_few_a_day_at_one_desk(compound):
    guard = compound.signed_in("guard")
    codes = []
    for _quarter in range(5):
        codes += [type_pin(guard, "3-1203", "000001").status_code for _try in range(5)]
        compound.clock.now += timedelta(minutes=11)
    assert codes == [422] * 20 + [429] * 5


def test_cards_that_open_nothing_are_few_at_one_desk(compound):
    guard = compound.signed_in("guard")
    assert served_with_card(guard).location == "/r/"
    assert [tap(guard, "4299999").status_code for _try in range(14)] == [303] * 12 + [429] * 2


def test_a_duress_pin_opens_as_usual_and_calls_for_help_in_silence(compound, wang):
    pins = give_pins(compound)
    calm, forced = compound.signed_in("manager"), compound.signed_in("guard")
    answers = [served_with_pin(calm, "3-1203", pins.usual), served_with_pin(forced, "3-1203", pins.duress)]
    assert [(a.status_code, a.location) for a in answers] == [(303, "/r/")] * 2
    alarms = read(compound, lambda s: s.scalars(select(Alarm.kind).order_by(Alarm.raised_at)).all())
    assert alarms.count("alarm_duress_at_desk") >= 1
    for page in ("/r/", "/r/records", "/r/records/export.json"):
        assert "duress" not in forced.get(page).text.lower()
    assert {alarm.person_id for alarm in entries(compound, "alarm_duress_at_desk")} == {None}
    assert {v.facts["by"] for v in entries(compound, "desk_opened")} == {"pin"}


@pytest.mark.parametrize("which", ["usual", "duress"])
def test_a_person_invited_again_is_believed_after_proof_whichever_pin_they_typed(compound, wang, which):
    """A person who watches must not learn from the phone which of the two it was."""
    pins = give_pins(compound)
    with compound.app.app_context(), current_menjin().database.session() as session:
        for _time in range(2):
            code = invite(act_of_office(compound, session), wang)
            accept_invitation(session, current_menjin().sealer, code, compound.clock())
    client = compound.signed_in("guard")

    def paused():
        return read(compound, lambda s: s.get_one(Person, wang).phone_unproven)

    assert paused() == "invited_again"
    assert type_pin(client, "3-1203", getattr(pins, which)).status_code == 303
    assert paused() == "invited_again"
    show_at_a_gate(compound.app)
    assert look_for_proof(client).location == "/r/"
    assert paused() is None


def test_a_pin_that_the_home_gave_opens_a_visit_without_the_persons_records(compound, wang):
    """The person who gave it knows it, and may come to the desk with it."""
    pins = give_pins(compound)
    with compound.app.app_context(), current_menjin().database.session() as session:
        for row in session.scalars(select(CredentialRow).where(CredentialRow.kind == "pin")):
            row.known_to_home = True
        session.get_one(Person, wang).phone_unproven = "invited"
    client = compound.signed_in("guard")
    assert served_with_pin(client, "3-1203", pins.usual).location == "/r/"
    for path in ("/r/records", "/r/records/export.json", "/r/requests"):
        refused = client.get(path)
        assert (refused.status_code, refused.location) == (303, "/r/")
    assert "others may know it" in client.get("/r/").text
    assert read(compound, lambda s: s.get_one(Person, wang).phone_unproven) == "invited"
    served_with_card(client)
    assert client.get("/r/records").status_code == 200
    assert read(compound, lambda s: s.get_one(Person, wang).phone_unproven) is None


# -- what is done in it ----------------------------------------------------------------------------


def test_what_is_done_is_the_persons_and_names_the_account_that_helped(compound, wang):
    client = compound.signed_in("guard")
    served_with_card(client)
    fresh = press(client, "/r/", "/r/ways/pin", on="1")
    assert fresh.status_code == 200
    assert "data-pin" in fresh.text
    (issued,) = entries(compound, "pin_issued")
    assert issued.person_id == wang
    assert issued.facts["assisted"] is True
    assert issued.facts["channel"] == "desk"
    assert str(issued.facts["actor_id"]).startswith("staff-")


def test_the_person_reads_who_helped_them_and_what_was_done(compound, wang):
    client = compound.signed_in("guard")
    served_with_card(client)
    card = read(compound, lambda s: card_of(s, wang))
    press(client, "/r/", f"/r/cards/{card}/suspend")
    page = client.get("/r/records").text
    assert "Help at the desk" in page
    assert "card or phone suspended" in page
    assert "opened with your card and proved at a gate" in page
    exported = client.get("/r/records/export.json").json["helped_at_the_desk"]
    assert [(visit["by"], visit["opened_with"]) for visit in exported] == [("guard", "card")]
    assert "credential_suspended" in exported[0]["acts"]


def test_a_pass_made_at_the_desk_is_the_persons_own(compound, wang):
    client = compound.signed_in("guard")
    served_with_card(client)
    typed = {"label": "plumber", "gate_numbers": "1", "uses": "once", "when": "day"}
    made = press(client, "/r/visitors", "/r/visitors", **typed)
    assert made.status_code == 303
    issuers = select(VisitorPassRow.issuer_person_id).where(VisitorPassRow.label == "plumber")
    assert read(compound, lambda s: s.scalars(issuers).all()) == [wang]


def test_messages_are_set_up_at_the_desk_and_written_down_as_helped(compound, wang):
    with compound.app.app_context(), current_menjin().database.session() as session:
        session.add(
            MailServer(
                site_id=compound.site_id,
                host="mail.example",
                port=465,
                security="tls",
                username="",
                sender="gates@example.org",
            )
        )
    client = compound.signed_in("guard")
    served_with_card(client)
    assert 'href="/r/messages"' in client.get("/r/help").text
    page = "/r/messages"
    press(client, page, f"{page}/address", address="wang@example.org")
    (letter,) = read(compound, lambda s: s.scalars(select(OutboxMessage.body)).all())
    press(client, page, f"{page}/code", code=re.findall(r"[0-9]{8}", letter["text"])[0])
    press(client, page, f"{page}/kinds", kinds="signed_in")
    asked = read(compound, lambda s: s.get(NotificationSubscription, wang))
    assert (asked.address, asked.kinds) == ("wang@example.org", ["signed_in"])
    assert asked.confirmed_at is not None
    (entry,) = entries(compound, "messages_chosen")
    assert (entry.facts["channel"], entry.facts["assisted"], entry.person_id) == ("desk", True, wang)


def test_no_resident_agrees_to_face_at_the_desk(compound, wang):
    client = compound.signed_in("manager")
    served_with_card(client)
    page = client.get("/r/face").text
    assert "data-face-yes" not in page
    assert "data-face-no" in page
    compound.app.config["WTF_CSRF_ENABLED"] = False
    visit_id = read(compound, lambda s: s.scalars(select(DeskVisitRow.visit_id)).one())
    answer = client.post("/r/face/yes", data={"visit": visit_id, "notice_version": "1", "language": "en"})
    assert answer.status_code == 403
    assert "on your own phone or at the gate" in answer.text
    assert read(compound, lambda s: s.scalars(select(Consent)).all()) == []


def test_a_no_and_a_withdrawal_are_written_down_at_the_desk(compound, wang):
    client = compound.signed_in("guard")
    served_with_card(client)
    assert press(client, "/r/face", "/r/face/no", notice_version="1", language="en").status_code == 303
    assert [e.facts["assisted"] for e in entries(compound, "face_refused")] == [True]
    with compound.app.app_context(), current_menjin().database.session() as session:
        own = new_action(current_menjin(), session, compound.site_id, wang, "phone", now=compound.clock())
        give_face_consent(own, wang, 1, "en")
    assert press(client, "/r/face/off", "/r/face/off").status_code == 303
    assert read(compound, lambda s: s.scalars(select(Consent.withdrawn_channel)).one()) == "desk"


def test_every_route_of_residents_says_whether_it_works_at_the_desk(compound):
    routes = {
        rule.endpoint.rpartition(".")[2]
        for rule in compound.app.url_map.iter_rules()
        if access_of(compound.app, rule.endpoint) == (RESIDENT, "")
    }
    assert routes == AT_THE_DESK | ON_ONES_OWN_PHONE
    assert not AT_THE_DESK & ON_ONES_OWN_PHONE


@pytest.mark.parametrize("path", ["/r/code", "/r/code/now.svg", "/r/code/contact", "/r/password"])
def test_no_key_code_or_password_of_the_person_is_made_in_the_offices_browser(compound, path):
    client = compound.signed_in("guard")
    served_with_card(client)
    answer = client.get(path)
    assert answer.status_code == 403
    assert "This you do yourself" in answer.text


def test_signing_the_person_out_everywhere_leaves_the_office_signed_in_as_staff(compound, wang):
    client = compound.signed_in("guard")
    served_with_card(client)
    assert press(client, "/r/help", "/r/sign-out-everywhere").status_code == 303
    assert client.get("/manage/desk").status_code == 200
    assert "At the desk for home" in client.get("/r/").text


# -- what ends it, and what it is kept apart from --------------------------------------------------


def test_a_visit_ends_after_ten_minutes_without_use(compound):
    client = compound.signed_in("guard")
    served_with_card(client)
    compound.clock.now += timedelta(minutes=9, seconds=59)
    assert client.get("/r/records").status_code == 200
    compound.clock.now += timedelta(minutes=10)
    left = client.get("/r/records")
    assert (left.status_code, left.location) == (303, "/manage/desk?over=1")
    assert client.get("/r/records").status_code == 403


def test_a_visit_ends_after_half_an_hour_however_busy(compound):
    client = compound.signed_in("guard")
    served_with_card(client)
    answers = []
    for _step in range(7):
        answers.append(client.get("/r/records").status_code)
        compound.clock.now += timedelta(minutes=5)
    assert answers == [200] * 6 + [303]


def test_the_page_goes_from_the_screen_when_the_visit_does_also_without_scripts(compound):
    client = compound.signed_in("guard")
    served_with_card(client)
    answer = client.get("/r/records")
    assert answer.headers["Refresh"] == "600; url=/manage/desk?over=1"
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_button_the_next_visit_and_signing_out_end_a_visit(compound):
    client = compound.signed_in("guard")
    served_with_card(client)
    press(client, "/r/", "/manage/desk/end")
    assert client.get("/r/").status_code == 403
    served_with_card(client)
    served_with_card(client, CARD_OF_LIN)
    assert "1‑0101" in client.get("/r/").text
    press(client, "/manage/desk", "/staff/sign-out")
    why = select(DeskVisitRow.ended_why).order_by(DeskVisitRow.opened_at, DeskVisitRow.ended_why)
    assert sorted(read(compound, lambda s: s.scalars(why).all())) == ["another", "button", "signed_out"]
    assert client.get("/r/").status_code == 302


def test_a_cookie_kept_from_before_the_end_opens_nothing(compound):
    client = compound.signed_in("guard")
    served_with_card(client)
    kept = client.get_cookie("menjin").value
    press(client, "/r/", "/manage/desk/end")
    client.set_cookie("menjin", kept)
    assert client.get("/r/records").status_code in (303, 403)


def test_a_form_shown_to_one_person_does_nothing_for_the_next(compound, wang):
    client = compound.signed_in("guard")
    served_with_card(client)
    first = client.get("/r/").text
    served_with_card(client, CARD_OF_LIN)
    answer = client.post("/r/ways/pin", data=hidden_of(first, "/r/ways/pin") | {"on": "1"})
    assert answer.status_code == 409
    assert "from another visit" in answer.text
    assert entries(compound, "pin_issued") == []


def test_at_the_desk_another_persons_things_are_404(compound, wang):
    client = compound.signed_in("guard")
    served_with_card(client)
    lin = compound.persons["林薇"]
    card = read(compound, lambda s: card_of(s, lin))
    own = read(compound, lambda s: card_of(s, wang))
    token = hidden_of(client.get("/r/").text, f"/r/cards/{own}/suspend")
    assert client.post(f"/r/cards/{card}/suspend", data=token).status_code == 404
    assert client.post(f"/r/cards/{own}/suspend", data=token).status_code == 303
    both = CredentialRow.credential_id.in_([card, own])
    states = select(CredentialRow.credential_id, CredentialRow.state).where(both)
    assert read(compound, lambda s: dict(s.execute(states).all())) == {card: "active", own: "suspended"}


def test_staffs_own_pages_beside_a_visit_stay_staffs_own(compound, wang):
    client = compound.signed_in("guard")
    served_with_card(client)
    lin = compound.persons["林薇"]
    card = read(compound, lambda s: card_of(s, lin))
    press(client, f"/manage/people/{lin}", f"/manage/cards/{card}/suspend")
    (suspended,) = entries(compound, "credential_suspended")
    assert suspended.facts["channel"] == "manager"
    assert "assisted" not in suspended.facts
    assert client.get(f"/manage/events/person/{wang}").status_code == 403


def test_visits_are_forgotten_with_the_log(compound, web_config):
    client = compound.signed_in("guard")
    served_with_card(client)
    with compound.app.app_context():
        menjin = current_menjin()
        later = compound.clock() + timedelta(days=menjin.config.log_days, minutes=1)
        assert STEPS["desk_visits_deleted"](menjin, compound.clock()) == 0
        assert STEPS["desk_visits_deleted"](menjin, later) == 1
    assert read(compound, lambda s: s.scalar(select(func.count()).select_from(DeskVisitRow))) == 0
