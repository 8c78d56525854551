"""The desk: the person's own card or PIN opens it, their own pages work in it, and nothing is mixed."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.support.compounds.called_home import call_home
from tests.support.compounds.desk import (
    CARD_OF_LIN,
    hidden_of,
    press,
    read,
    served_with_card,
)
from tests.web_admin.desk.visits import entries
from web_admin.accounts.permissions import RESIDENT, access_of
from web_admin.action.base import new_action
from web_admin.calls.models import CallNumber
from web_admin.core.database import current_menjin
from web_admin.custody.models import Consent
from web_admin.desk.models import DeskVisitRow
from web_admin.face.actions import give_face_consent
from web_admin.messages.models import MailServer, OutboxMessage
from web_admin.messages.subscription_models import NotificationSubscription
from web_admin.visitors.models import VisitorPassRow
from web_admin.web.desk_session import AT_THE_DESK, ON_ONES_OWN_PHONE


@pytest.fixture
def wang(compound):
    return compound.persons["王芳"]


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


@pytest.mark.wide
@pytest.mark.parametrize(
    "path", ["/r/code", "/r/code/now.svg", "/r/code/contact", "/r/password", "/r/calls/numbers/one"]
)
def test_no_key_code_password_or_telephone_of_the_person_is_made_in_the_offices_browser(compound, path):
    client = compound.signed_in("guard")
    served_with_card(client)
    answer = client.get(path)
    assert answer.status_code == 403
    assert "Only you can do this" in answer.text


@pytest.mark.wide
def test_staff_remove_a_telephone_and_add_none(compound, wang):
    with compound.app.app_context(), current_menjin().database.session() as session:
        act = new_action(current_menjin(), session, compound.site_id, wang, "phone", now=compound.clock())
        call_home(act, wang)
    client = compound.signed_in("guard")
    served_with_card(client)
    page = client.get("/r/calls").text
    assert "add a landline on theirs" in page
    assert 'action="/r/calls/numbers"' not in page
    assert "/r/calls/numbers/number-2/prove" not in page
    remove = "/r/calls/numbers/number-2/remove"
    typed = hidden_of(page, remove) | {"number": "+8613900000009"}
    assert client.post("/r/calls/numbers", data=typed).status_code == 403
    assert press(client, "/r/calls", remove).status_code == 303
    assert read(compound, lambda s: s.scalars(select(CallNumber.number_id)).all()) == ["number-1"]


def test_signing_the_person_out_everywhere_leaves_the_office_signed_in_as_staff(compound, wang):
    client = compound.signed_in("guard")
    served_with_card(client)
    assert press(client, "/r/help", "/r/sign-out-everywhere", sure="1").status_code == 303
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


def test_a_cookie_kept_from_before_the_end_opens_nothing(compound):
    client = compound.signed_in("guard")
    served_with_card(client)
    kept = client.get_cookie("menjin").value
    press(client, "/r/", "/manage/desk/end")
    client.set_cookie("menjin", kept)
    assert client.get("/r/records").status_code in (303, 403)


@pytest.mark.wide
def test_a_form_shown_to_one_person_does_nothing_for_the_next(compound, wang):
    client = compound.signed_in("guard")
    served_with_card(client)
    first = client.get("/r/").text
    served_with_card(client, CARD_OF_LIN)
    answer = client.post("/r/ways/pin", data=hidden_of(first, "/r/ways/pin") | {"on": "1"})
    assert answer.status_code == 409
    assert "from another visit" in answer.text
    assert entries(compound, "pin_issued") == []
