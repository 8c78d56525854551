"""The address for messages changes with proof alone; the old one is notified and takes it back once."""

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from tests.support.clock import SetClock
from tests.support.compounds.resident import Compound
from tests.web_admin.resident.addresses import ADDRESS, PAGE, code_in, forget_sent, proved, sent
from tests.web_admin.resident.found_phones import (
    WEAK_PROOF,
    found,
    shown_at_a_gate,
)
from tests.web_admin.resident.pressing import press
from web_admin.messages.models import MailServer
from web_admin.messages.subscription_models import NotificationSubscription

__all__ = ["found"]

FINDERS = "finder@example.org"
OWNERS = "new@example.org"


@pytest.mark.wide
def test_another_address_for_messages_needs_proof_and_a_first_one_too(
    small_compound: Compound, found: FlaskClient
) -> None:
    answer = press(found, f"{PAGE}/address", seen_on="/r/", address=FINDERS)
    assert (answer.location, sent(small_compound)) == (WEAK_PROOF, [])
    assert 'name="address"' not in found.get(PAGE).text


@pytest.mark.wide
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


@pytest.mark.wide
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


@pytest.mark.wide
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


@pytest.mark.wide
@pytest.mark.parametrize("act", ["stop", "kinds"])
def test_messages_that_were_restored_stop_for_good_once_the_owner_confirms(
    small_compound: Compound, phone: FlaskClient, found: FlaskClient, clock: SetClock, act: str
) -> None:
    clock.now -= timedelta(days=2)
    proved(phone, small_compound, "looked_at", "signed_in")
    clock.now += timedelta(days=2)
    press(found, f"{PAGE}/{act}", seen_on=PAGE)
    assert restores(small_compound, link_in(got(small_compound, ADDRESS)[0])) == 200
    assert "that address cannot undo it" in found.get(PAGE).text
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


@pytest.mark.wide
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
    assert "Not you? Sign in, sign out your other phones" in page
