"""Messages that I ask for: off until switched on, to a proved address, and never one more than asked."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.support.clock import SetClock
from tests.support.compounds.resident import Compound
from tests.web_admin.messages.asked_for import everything_happens, everything_happens_to_look, mail, name
from tests.web_admin.resident.addresses import ADDRESS, PAGE, code_in, forget_sent, proved, sent
from tests.web_admin.resident.pressing import press, switch
from web_admin.compound.models import Person
from web_admin.core.limit_counts import CountedTries, current_counts
from web_admin.core.limits import MESSAGE_CODES
from web_admin.journal.models import AuditEntry
from web_admin.messages.models import Webhook
from web_admin.messages.subscription_models import NotificationSubscription
from web_admin.messages.subscriptions import RESIDENT_MESSAGE
from web_admin.people.actions import move_out

__all__ = ["mail"]


@pytest.mark.wide
def test_one_person_has_five_codes_sent_a_day_to_any_address(
    mail: Compound, phone: FlaskClient, clock: SetClock
) -> None:
    answers = [name(phone, mail, f"stranger{number}@example.org") for number in range(7)]
    assert answers == [303] * 5 + [422] * 2
    assert len(sent(mail)) == 5
    clock.now += timedelta(days=1)
    assert name(phone, mail, ADDRESS) == 303


def test_ten_codes_an_hour_are_sent_to_one_person(
    mail: Compound, phone: FlaskClient, clock: SetClock
) -> None:
    with mail.app.app_context():
        now = clock()
        sent = [
            current_counts().take(CountedTries(MESSAGE_CODES, (mail.person_id,)), now) for _code in range(10)
        ]
    assert sent == [0] * 10
    assert press(phone, f"{PAGE}/address", seen_on=PAGE, address=ADDRESS).status_code == 429
    clock.now += timedelta(hours=1)
    assert press(phone, f"{PAGE}/address", seen_on=PAGE, address=ADDRESS).status_code == 303


@pytest.mark.wide
def test_one_address_gets_five_codes_a_day_from_any_sender(mail: Compound, phone: FlaskClient) -> None:
    neighbour = mail.signed_in(mail.neighbour_id)
    spellings = (ADDRESS, ADDRESS.upper(), f" {ADDRESS}", ADDRESS)
    assert [name(phone, mail, spelling) for spelling in spellings] == [303] * 4
    assert [name(neighbour, mail, ADDRESS) for _time in range(2)] == [303, 422]
    assert name(neighbour, mail, "wu@example.org") == 303
    with mail.session() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.kind == "messages_address_named")).all()
    assert [word for entry in entries for word in ("lin@", "example") if word in str(entry.personal)] == []


def subscription(compound: Compound) -> NotificationSubscription | None:
    with compound.session() as session:
        return session.get(NotificationSubscription, compound.person_id)


@pytest.mark.wide
def test_a_proved_address_starts_with_every_switch_off(mail: Compound, phone: FlaskClient) -> None:
    switch(phone, "pin", on=True)
    proved(phone, mail)
    assert "checked" not in phone.get(PAGE).text
    everything_happens(mail)
    assert sent(mail) == []


def test_choosing_a_language_on_a_page_chooses_it_for_messages_too_and_for_oneself_alone(
    mail: Compound, phone: FlaskClient
) -> None:
    proved(phone, mail, "looked_at")
    back = press(phone, "/language", seen_on=PAGE, language="zh", next=PAGE)
    assert back.location == PAGE
    everything_happens_to_look(mail)
    ((_channel, _target, text),) = sent(mail)
    assert text.startswith("有工作人员查看了您的通行记录。")
    press(phone, "/language", seen_on=PAGE, language="fr")
    press(mail.app.test_client(), "/language", seen_on="/r/welcome", language="en")
    with mail.session() as session:
        assert session.get_one(Person, mail.person_id).language == "zh"
        assert session.get_one(Person, mail.neighbour_id).language == "en"
        chosen = session.scalars(select(AuditEntry.facts).where(AuditEntry.kind == "language_chosen")).all()
        assert [facts["language"] for facts in chosen] == ["zh"]


@pytest.mark.wide
def test_five_wrong_codes_or_half_an_hour_end_a_code(
    mail: Compound, phone: FlaskClient, clock: SetClock
) -> None:
    press(phone, f"{PAGE}/address", seen_on=PAGE, address=ADDRESS)
    code = code_in(mail)
    for _try in range(5):
        answer = press(phone, f"{PAGE}/code", seen_on=PAGE, code="1")
        assert "This is not the code that was sent." in answer.text
    assert "That was wrong too often." in press(phone, f"{PAGE}/code", seen_on=PAGE, code=code).text
    press(phone, f"{PAGE}/address", seen_on=PAGE, address=ADDRESS)
    clock.now += timedelta(minutes=30)
    assert "This code is too old." in press(phone, f"{PAGE}/code", seen_on=PAGE, code=code_in(mail)).text


def test_another_address_has_to_be_proved_before_anything_goes_there(
    mail: Compound, phone: FlaskClient
) -> None:
    proved(phone, mail, "looked_at")
    press(phone, f"{PAGE}/address", seen_on=PAGE, address="thief@example.org")
    forget_sent(mail)
    everything_happens_to_look(mail)
    assert sent(mail) == []


@pytest.mark.parametrize(
    "address", ["", "lin", "a@b", "x@y.z, q@y.z", "lin@example.org\nBcc: a@b.c", "13800138000"]
)
def test_what_the_office_cannot_reach_is_refused_beside_its_field(
    mail: Compound, phone: FlaskClient, address: str
) -> None:
    answer = press(phone, f"{PAGE}/address", seen_on=PAGE, address=address)
    assert answer.status_code == 422
    assert 'id="address-problem"' in answer.text
    assert sent(mail) == []


def test_a_phone_number_goes_to_the_sites_own_webhook_and_without_one_nothing_is_offered(
    small_compound: Compound, phone: FlaskClient
) -> None:
    assert "has not set up e-mail or SMS yet" in phone.get(PAGE).text
    with small_compound.session() as session:
        session.add(
            Webhook(
                webhook_id="hook-1",
                site_id=small_compound.site_id,
                name="SMS",
                url="https://sms.example",
                kinds=[RESIDENT_MESSAGE],
                signing_key_sealed=b"x",
                created_at=small_compound.clock(),
            )
        )
    press(phone, f"{PAGE}/address", seen_on=PAGE, address="13800138000")
    ((channel, target, text),) = sent(small_compound)
    assert (channel, target) == ("webhook", "hook-1")
    assert text.startswith("Willow Court: Your code is ")


@pytest.mark.wide
def test_a_phone_that_a_new_invitation_opened_changes_no_address(mail: Compound, phone: FlaskClient) -> None:
    proved(phone, mail, "looked_at")
    again = mail.signed_in(mail.person_id)
    forget_sent(mail)
    press(again, f"{PAGE}/address", seen_on=PAGE, address="thief@example.org")
    press(again, f"{PAGE}/stop", seen_on=PAGE)
    kept = subscription(mail)
    assert kept is not None
    assert (kept.address, kept.kinds) == (ADDRESS, ["looked_at"])


@pytest.mark.wide
def test_stopping_and_moving_out_forget_the_address(mail: Compound, phone: FlaskClient) -> None:
    proved(phone, mail, "looked_at")
    press(phone, f"{PAGE}/stop", seen_on=PAGE)
    assert subscription(mail) is None
    proved(phone, mail, "looked_at")
    with mail.act("manager") as act:
        move_out(act, mail.person_id)
    assert subscription(mail) is None
