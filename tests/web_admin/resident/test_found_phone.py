"""A phone that is found unlocked, days after its owner signed in: what its finder cannot make of it."""

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from gate_controller.contract.journal_chain import GENESIS, chain_entry
from tests.support.clock import SetClock
from tests.support.compounds.resident import Compound, csrf_of
from tests.web_admin.resident.addresses import ADDRESS, PAGE, code_in, forget_sent, proved, sent
from tests.web_admin.resident.pressing import press
from web_admin.compound.models import CredentialRow
from web_admin.credentials.pins import issue_pin
from web_admin.journal.models import AuditEntry
from web_admin.messages.models import MailServer
from web_admin.messages.subscription_models import NotificationSubscription
from web_admin.people.gate_verification import verify_by_gate_events

FINDERS = "finder@example.org"
OWNERS = "new@example.org"
PASSWORD = "set by the finder"
WEAK_PROOF = "/r/password/confirm"


@pytest.fixture
def found(small_compound: Compound, phone: FlaskClient, clock: SetClock) -> FlaskClient:
    """Return the first person's phone two days after they signed in."""
    with small_compound.session() as session:
        session.add(
            MailServer(
                site_id=small_compound.site_id,
                host="mail.example",
                port=465,
                security="tls",
                username="",
                sender="gates@example.org",
            )
        )
    clock.now += timedelta(days=2)
    return phone


def entries(compound: Compound, kind: str) -> list[AuditEntry]:
    with compound.session() as session:
        query = select(AuditEntry).where(AuditEntry.kind == kind, AuditEntry.person_id == compound.person_id)
        return list(session.scalars(query))


def shown_at_a_gate(compound: Compound, credential_id: str, method: str = "card") -> None:
    """Hand the server a gate's entry: this card or PIN of the first person opened just now."""
    facts = {"lane_id": "north-in", "method": method, "opens": True, "reason": "granted"}
    personal = {"person_id": compound.person_id, "credential_id": credential_id}
    with compound.act("gate", "north") as act:
        verify_by_gate_events(act, [chain_entry(GENESIS, 1, act.now, "access", facts, personal)])


def signs_in_elsewhere(compound: Compound) -> bool:
    elsewhere = compound.app.test_client()
    answer = press(elsewhere, "/r/sign-in", seen_on="/r/sign-in", name="finder", password=PASSWORD)
    return answer.status_code == 303


def sets_password(phone: FlaskClient) -> None:
    press(phone, "/r/password", seen_on="/r/", name="finder", password=PASSWORD)


def test_a_first_name_and_password_need_proof_that_the_phone_alone_does_not_give(
    small_compound: Compound, found: FlaskClient
) -> None:
    sets_password(found)
    assert not signs_in_elsewhere(small_compound), "two minutes with the phone gave access for a year"
    page = found.get("/r/password").text
    assert 'name="name"' not in page
    assert "I am at a gate" in page


def test_no_first_passkey_is_made_on_a_found_phone(found: FlaskClient) -> None:
    headers = {"X-CSRFToken": csrf_of(found.get("/r/").text)}
    made = found.post("/r/passkeys/options", json={}, headers=headers)
    assert (made.status_code, "First confirm that it is you" in made.text) == (403, True)


def test_a_password_is_in_the_journal_on_the_page_and_ended_with_one_press(
    small_compound: Compound, phone: FlaskClient, clock: SetClock
) -> None:
    sets_password(phone)
    assert [entry.facts["channel"] for entry in entries(small_compound, "password_set")] == ["phone"]
    clock.now += timedelta(days=6)
    assert "data-new-sign-ins" in phone.get("/r/").text
    other = small_compound.app.test_client()
    press(other, "/r/sign-in", seen_on="/r/sign-in", name="finder", password=PASSWORD)
    press(phone, "/r/sign-in/revoke")
    assert not signs_in_elsewhere(small_compound)
    assert other.get("/r/").location == "/r/sign-in"
    assert phone.get("/r/").status_code == 200
    assert "data-new-sign-ins" not in phone.get("/r/").text
    assert len(entries(small_compound, "sign_ins_revoked")) == 1


def test_a_password_is_no_longer_new_after_a_week(phone: FlaskClient, clock: SetClock) -> None:
    sets_password(phone)
    clock.now += timedelta(days=8)
    assert "data-new-sign-ins" not in phone.get("/r/").text


def test_a_card_at_a_gate_confirms_the_browser_that_asked_and_no_other(
    small_compound: Compound, found: FlaskClient
) -> None:
    copy = small_compound.app.test_client()
    cookies = found.get("/r/help").request.headers["Cookie"]
    for name, value in (cookie.split("=", 1) for cookie in cookies.split("; ")):
        copy.set_cookie(name, value)
    assert press(found, "/r/at-gate", seen_on="/r/password").location == WEAK_PROOF
    shown_at_a_gate(small_compound, small_compound.neighbour_card_id)
    assert 'name="name"' not in found.get("/r/password").text
    shown_at_a_gate(small_compound, small_compound.card_id)
    assert 'name="name"' not in copy.get("/r/password").text
    assert 'name="name"' in found.get("/r/password").text
    sets_password(found)
    assert signs_in_elsewhere(small_compound)


def test_what_is_shown_without_asking_or_ten_minutes_ago_confirms_nothing(
    small_compound: Compound, found: FlaskClient, clock: SetClock
) -> None:
    shown_at_a_gate(small_compound, small_compound.card_id)
    assert 'name="name"' not in found.get("/r/password").text
    press(found, "/r/at-gate", seen_on="/r/password")
    shown_at_a_gate(small_compound, small_compound.card_id)
    clock.now += timedelta(minutes=11)
    assert 'name="name"' not in found.get("/r/password").text


def test_a_pin_that_the_found_phone_made_confirms_nothing_at_the_gate(
    small_compound: Compound, found: FlaskClient
) -> None:
    with small_compound.act("phone", small_compound.person_id) as act:
        issue_pin(act, small_compound.person_id)
        wanted = select(CredentialRow.credential_id).where(
            CredentialRow.person_id == small_compound.person_id, CredentialRow.kind == "pin"
        )
        pin_id = act.session.scalars(wanted).one()
    press(found, "/r/at-gate", seen_on="/r/password")
    shown_at_a_gate(small_compound, pin_id, "pin")
    assert 'name="name"' not in found.get("/r/password").text


def test_who_has_a_password_confirms_with_it_and_not_at_a_gate(
    small_compound: Compound, found: FlaskClient, clock: SetClock
) -> None:
    press(found, "/r/at-gate", seen_on="/r/password")
    shown_at_a_gate(small_compound, small_compound.card_id)
    sets_password(found)
    clock.now += timedelta(days=1)
    assert "I am at a gate" not in found.get("/r/password").text
    press(found, "/r/at-gate", seen_on="/r/")
    shown_at_a_gate(small_compound, small_compound.card_id)
    assert 'name="name"' not in found.get("/r/password").text


def test_another_address_for_messages_needs_proof_and_a_first_one_too(
    small_compound: Compound, found: FlaskClient
) -> None:
    answer = press(found, f"{PAGE}/address", seen_on="/r/", address=FINDERS)
    assert (answer.location, sent(small_compound)) == (WEAK_PROOF, [])
    assert 'name="address"' not in found.get(PAGE).text


def test_the_old_address_is_notified_of_the_new_one_and_takes_it_back_once(
    small_compound: Compound, phone: FlaskClient, found: FlaskClient, clock: SetClock
) -> None:
    clock.now -= timedelta(days=2)
    proved(phone, small_compound, "looked_at", "signed_in")
    press(phone, f"{PAGE}/address", seen_on=PAGE, address=FINDERS)
    to_old = [text for _channel, target, text in sent(small_compound) if target == ADDRESS]
    assert len(to_old) == 1, "the old address heard nothing"
    press(phone, f"{PAGE}/code", seen_on=PAGE, code=code_in(small_compound))
    (link,) = re.findall(r"https?://[^/ ]+(/r/messages/back/\S+)", to_old[0])
    owner = small_compound.app.test_client()
    assert ADDRESS in owner.get(link).text
    text = link.rpartition("/")[2]
    assert press(owner, "/r/messages/back", seen_on=link, text=text).status_code == 200
    with small_compound.session() as session:
        row = session.get_one(NotificationSubscription, small_compound.person_id)
        assert (row.address, row.kinds, row.confirmed_at) == (ADDRESS, ["signed_in", "looked_at"], clock.now)
    assert press(owner, "/r/messages/back", seen_on="/r/welcome", text=text).status_code == 422
    assert owner.get(f"{link}x").status_code == 422


@pytest.mark.parametrize("act", ["stop", "kinds"])
def test_messages_that_a_found_phone_stops_are_announced_to_their_address(
    small_compound: Compound, phone: FlaskClient, found: FlaskClient, clock: SetClock, act: str
) -> None:
    clock.now -= timedelta(days=2)
    proved(phone, small_compound, "looked_at", "signed_in")
    clock.now += timedelta(days=2)
    press(found, f"{PAGE}/{act}", seen_on=PAGE)
    ((_channel, target, text),) = sent(small_compound)
    assert (target, "/r/messages/back/" in text) == (ADDRESS, True)
    link = text[text.index("/r/messages/back/") :]
    clock.now += timedelta(days=8)
    assert small_compound.app.test_client().get(link).status_code == 422


def changed(phone: FlaskClient, compound: Compound, address: str) -> None:
    """Name another address and prove it by its code."""
    press(phone, f"{PAGE}/address", seen_on=PAGE, address=address)
    press(phone, f"{PAGE}/code", seen_on=PAGE, code=code_in(compound))


def got(compound: Compound, address: str) -> list[str]:
    """Take what was sent to an address, codes left out."""
    texts = [text for _channel, target, text in sent(compound) if target == address]
    forget_sent(compound)
    return [text for text in texts if "Your code is" not in text]


def link_in(text: str) -> str:
    assert "/r/messages/back/" in text, text
    return text[text.index("/r/messages/back/") :]


def restores(compound: Compound, link: str) -> int:
    """Press the button behind a link, in a browser that knows no person."""
    browser = compound.app.test_client()
    assert browser.get("/r/welcome").status_code == 200
    text = link.rpartition("/")[2]
    return press(browser, "/r/messages/back", seen_on="/r/welcome", text=text).status_code


def address_now(compound: Compound) -> str | None:
    with compound.session() as session:
        row = session.get(NotificationSubscription, compound.person_id)
        return row.address if row else None


def test_an_old_mailbox_restores_once_and_what_the_owner_changes_with_proof_then_is_final(
    small_compound: Compound, phone: FlaskClient, found: FlaskClient, clock: SetClock
) -> None:
    clock.now -= timedelta(days=2)
    proved(phone, small_compound, "looked_at", "signed_in")
    press(phone, f"{PAGE}/kinds", seen_on=PAGE, kinds="looked_at")
    earlier = link_in(got(small_compound, ADDRESS)[0])
    press(phone, f"{PAGE}/address", seen_on=PAGE, address=OWNERS)
    later = link_in(got_before_code(small_compound, phone))
    assert restores(small_compound, later) == 200
    (displaced,) = got(small_compound, OWNERS)
    assert "an earlier address restored its own" in displaced
    assert "/r/messages/back/" not in displaced
    press(phone, f"{PAGE}/address", seen_on=PAGE, address=OWNERS)
    notice = got_before_code(small_compound, phone)
    assert "/r/messages/back/" not in notice, "the old mailbox got a fresh link"
    assert "no longer come to this address" in notice
    assert [restores(small_compound, link) for link in (earlier, later)] == [422, 422]
    assert address_now(small_compound) == OWNERS
    changed(phone, small_compound, "third@example.org")
    assert restores(small_compound, link_in(got(small_compound, OWNERS)[0])) == 200


def got_before_code(compound: Compound, phone: FlaskClient) -> str:
    """Type the code that was sent, and return the one message that the old address got."""
    code = code_in(compound)
    (text,) = got(compound, ADDRESS)
    press(phone, f"{PAGE}/code", seen_on=PAGE, code=code)
    return text


@pytest.mark.parametrize("act", ["stop", "kinds"])
def test_messages_that_were_restored_stop_for_good_once_the_owner_confirms(
    small_compound: Compound, phone: FlaskClient, found: FlaskClient, clock: SetClock, act: str
) -> None:
    clock.now -= timedelta(days=2)
    proved(phone, small_compound, "looked_at", "signed_in")
    clock.now += timedelta(days=2)
    press(found, f"{PAGE}/{act}", seen_on=PAGE)
    assert restores(small_compound, link_in(got(small_compound, ADDRESS)[0])) == 200
    assert "that address cannot undo it again" in found.get(PAGE).text
    press(found, f"{PAGE}/{act}", seen_on=PAGE)
    unconfirmed = link_in(got(small_compound, ADDRESS)[0])
    assert restores(small_compound, unconfirmed) == 200, (
        "a found phone stopped the messages at its second try"
    )
    press(found, f"{PAGE}/{act}", seen_on=PAGE)
    third = link_in(got(small_compound, ADDRESS)[0])
    assert restores(small_compound, third) == 200
    press(found, "/r/at-gate", seen_on="/r/password")
    shown_at_a_gate(small_compound, small_compound.card_id)
    press(found, f"{PAGE}/{act}", seen_on=PAGE)
    (notice,) = got(small_compound, ADDRESS)
    assert "/r/messages/back/" not in notice
    assert restores(small_compound, third) == 422


def test_the_finder_of_a_phone_ends_no_link_of_its_owner_by_links_of_their_own(
    small_compound: Compound, phone: FlaskClient, found: FlaskClient, clock: SetClock
) -> None:
    clock.now -= timedelta(days=2)
    proved(phone, small_compound, "looked_at")
    press(phone, f"{PAGE}/address", seen_on=PAGE, address=FINDERS)
    owners = link_in(got_before_code(small_compound, phone))
    press(phone, f"{PAGE}/kinds", seen_on=PAGE, kinds="looked_at")
    press(phone, f"{PAGE}/kinds", seen_on=PAGE)
    unused = link_in(got(small_compound, FINDERS)[0])
    press(phone, f"{PAGE}/kinds", seen_on=PAGE, kinds="looked_at")
    press(phone, f"{PAGE}/kinds", seen_on=PAGE)
    assert restores(small_compound, link_in(got(small_compound, FINDERS)[0])) == 200
    press(phone, f"{PAGE}/kinds", seen_on=PAGE)
    forget_sent(small_compound)
    press(phone, f"{PAGE}/stop", seen_on=PAGE)
    assert restores(small_compound, owners) == 200
    assert address_now(small_compound) == ADDRESS
    assert restores(small_compound, unused) == 422, "the finder undid what the owner restored"


def test_the_page_of_a_restore_names_another_person_as_possible_alone(
    small_compound: Compound, phone: FlaskClient
) -> None:
    with small_compound.session() as session:
        session.add(
            MailServer(
                site_id=small_compound.site_id,
                host="mail.example",
                port=465,
                security="tls",
                username="",
                sender="gates@example.org",
            )
        )
    proved(phone, small_compound, "looked_at")
    press(phone, f"{PAGE}/stop", seen_on=PAGE)
    link = link_in(got(small_compound, ADDRESS)[0])
    browser = small_compound.app.test_client()
    page = press(browser, "/r/messages/back", seen_on=link, text=link.rpartition("/")[2]).text
    assert "If you did not change this yourself, another person may have had your page open." in page
