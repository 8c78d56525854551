"""The office takes an end back for a day; after it the end is final."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import select

from tests.support.act_previews import done
from tests.support.compounds.desk import CARD_OF_WANG, card_of, hidden_of, read
from tests.support.compounds.resident import csrf_of
from tests.web_admin.manage.forms import send
from web_admin.accounts.api_keys import MAX_LIVE_KEYS, make_api_key
from web_admin.accounts.models import ApiKey, User
from web_admin.compound.models import CredentialRow, Person
from web_admin.core.database import current_menjin
from web_admin.credentials.child_agreements import write_agreement
from web_admin.credentials.phones import register_phone_key
from web_admin.later.past import Change, Done, keep, past_acts
from web_admin.messages.actions import take_webhook_over
from web_admin.messages.models import Webhook
from web_admin.messages.queries import authors_of_webhooks
from web_admin.privacy import retention

LIST = "/manage/later"


@pytest.fixture
def office(compound):
    return compound.signed_in("manager")


def undo(office):
    """Press the first *Undo* of the page; None where there is none."""
    page = office.get(LIST).text
    paths = re.findall(r'action="(/manage/later/[^"]+/undo)"', page)
    return done(office, office.post(paths[0], data=hidden_of(page, paths[0]))) if paths else None


def keep_house(compound):
    with compound.app.app_context():
        for step in retention.STEPS.values():
            step(compound.app.extensions["menjin"], compound.clock.now)


def ended_key(compound, office):
    send(office, "/manage/keys/new", name="Couriers", scopes=["people:read"], days="30")
    key = read(compound, lambda s: s.scalars(select(ApiKey)).one())
    done(office, send(office, "/manage/keys/", f"/manage/keys/{key.key_id}/end"))
    return key.key_id


@pytest.mark.wide
@pytest.mark.both_databases
def test_an_ended_key_is_had_back_and_shows_its_name_on_the_list(compound, office):
    key_id = ended_key(compound, office)
    assert read(compound, lambda s: s.get_one(ApiKey, key_id).ended_at) is not None
    assert "Couriers" in office.get(LIST).text
    undo(office)
    assert read(compound, lambda s: s.get_one(ApiKey, key_id).ended_at) is None


def test_an_end_is_undone_however_many_acts_came_after_it(compound, office):
    ended_key(compound, office)
    with compound.act("manager") as act:
        later = replace(act, now=act.now + timedelta(seconds=1))
        for number in range(60):
            keep(later, Done("hours.edit", {}, {str(number): Change(1, 2)}))
        act.session.flush()
        kept = past_acts(act.session, act.sealer, act.site_id, act.now + timedelta(hours=23))
    assert "api_keys.end" in {one.done.endpoint for one in kept}


@pytest.mark.wide
def test_no_key_comes_back_where_there_are_twenty(compound, office):
    key_id = ended_key(compound, office)
    with compound.act("manager") as act:
        for number in range(MAX_LIVE_KEYS):
            until = act.now + timedelta(days=9)
            make_api_key(act, name=f"Key {number}", scopes=["people:read"], valid_until=until)
    undo(office)
    assert read(compound, lambda s: s.get_one(ApiKey, key_id).ended_at) is not None


@pytest.mark.parametrize(("is_closed", "author"), [(True, "manager"), (False, "guard")])
def test_a_key_of_a_closed_account_alone_comes_back_to_the_account_that_undoes(
    compound, office, is_closed, author
):
    key_id = ended_key(compound, office)
    with compound.app.app_context(), current_menjin().database.session() as session:
        guard = session.scalars(select(User).where(User.email == "guard@example.org")).one()
        guard.active = not is_closed
        session.get_one(ApiKey, key_id).author_id = f"staff-{guard.id}"
    undo(office)
    row = read(compound, lambda s: s.get_one(ApiKey, key_id))
    assert (row.ended_at, row.author_id) == (None, account(compound, author))


def removed_webhook(compound, office):
    hook = {"name": "alarm centre", "url": "https://alarm.example", "kinds": ["alarm_raised"]}
    send(office, "/manage/settings/webhooks/new", **hook)
    hook_id = read(compound, lambda s: s.scalars(select(Webhook)).one()).webhook_id
    remove(compound, office, hook_id)
    return hook_id


def remove(compound, office, hook_id):
    page = f"/manage/settings/webhooks/{hook_id}"
    done(office, send(office, page, f"{page}/remove"))
    assert read(compound, lambda s: s.get_one(Webhook, hook_id).ended_at) is not None


def author_of_webhook(compound, webhook_id):
    return read(compound, lambda s: authors_of_webhooks(s, compound.site_id))[webhook_id]


def account(compound, role):
    number = read(compound, lambda s: s.scalar(select(User.id).where(User.email == f"{role}@example.org")))
    return f"staff-{number}"


@pytest.mark.wide
def test_a_webhook_comes_back_to_its_author_or_to_who_undoes_where_the_author_is_closed(compound, office):
    webhook_id = removed_webhook(compound, office)
    with compound.act("manager") as act:
        take_webhook_over(act, webhook_id, account(compound, "guard"))
    undo(office)
    assert author_of_webhook(compound, webhook_id) == account(compound, "guard")
    remove(compound, office, webhook_id)
    with compound.app.app_context(), current_menjin().database.session() as session:
        session.scalars(select(User).where(User.email == "guard@example.org")).one().active = False
    undo(office)
    assert author_of_webhook(compound, webhook_id) == account(compound, "manager")


@pytest.mark.wide
def test_a_childs_card_stays_ended_without_a_guardians_agreement(compound, office):
    card = ended_card(compound, office, "returned")
    with compound.app.app_context(), current_menjin().database.session() as session:
        session.get_one(Person, compound.persons["王芳"]).age_band = "under_14"
    undo(office)
    assert "A guardian agrees first to a card and PIN of a child under 14" in office.get(LIST).text
    assert read(compound, lambda s: s.get_one(CredentialRow, card).state) == "ended"


def test_a_childs_card_that_a_guardian_agreed_to_is_had_back(compound, office):
    child, guardian = compound.persons["王芳"], compound.persons["王磊"]
    card = ended_card(compound, office, "returned")
    with compound.act("manager") as act:
        act.session.get_one(Person, child).age_band = "under_14"
        write_agreement(
            act, act.session.get_one(Person, guardian), act.session.get_one(Person, child), "en", "I agree."
        )
    undo(office)
    assert read(compound, lambda s: s.get_one(CredentialRow, card).state) == "active"


def test_a_phone_that_was_ended_has_no_undo(compound, office):
    person_id = compound.persons["王芳"]
    with compound.act("phone", person_id) as act:
        key = ec.generate_private_key(ec.SECP256R1()).public_key()
        point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        phone = register_phone_key(act, person_id, point, "Android").credential_id
    path = f"/manage/cards/{phone}/end"
    page = office.get(f"/manage/people/{person_id}").text
    done(office, office.post(path, data=hidden_of(page, path) | {"reason": "returned"}))
    assert read(compound, lambda s: s.get_one(CredentialRow, phone).state) == "ended"
    assert undo(office) is None


@pytest.mark.wide
def test_after_a_day_nothing_is_had_back(compound, office):
    key_id = ended_key(compound, office)
    page = office.get(LIST).text
    (path,) = re.findall(r'action="(/manage/later/[^"]+/undo)"', page)
    compound.clock.now += timedelta(hours=25)
    office = compound.signed_in("manager")
    assert undo(office) is None
    token = {"csrf_token": csrf_of(office.get(LIST).text)}
    answer = office.post(path, data=hidden_of(page, path) | token, follow_redirects=True)
    assert "was too long ago" in answer.text
    assert read(compound, lambda s: s.get_one(ApiKey, key_id).ended_at) is not None


def ended_card(compound, office, reason):
    person_id = compound.persons["王芳"]
    card = read(compound, lambda s: card_of(s, person_id))
    path = f"/manage/cards/{card}/end"
    page = office.get(f"/manage/people/{person_id}").text
    done(office, office.post(path, data=hidden_of(page, path) | {"reason": reason}))
    assert read(compound, lambda s: s.get_one(CredentialRow, card).state) == "ended"
    return card


@pytest.mark.wide
def test_a_suspended_card_that_was_ended_by_mistake_is_suspended_again(compound, office):
    person_id = compound.persons["王芳"]
    card = read(compound, lambda s: card_of(s, person_id))
    send(office, f"/manage/people/{person_id}", f"/manage/cards/{card}/suspend")
    ended_card(compound, office, "returned")
    undo(office)
    row = read(compound, lambda s: s.get_one(CredentialRow, card))
    assert (row.state, row.suspended_by, row.ended_at) == ("suspended", "office", None)


def test_a_lost_card_stays_ended(compound, office):
    ended_card(compound, office, "lost")
    assert undo(office) is None


@pytest.mark.wide
def test_a_card_that_was_given_out_again_stays_ended_and_the_page_says_so(compound, office):
    card = ended_card(compound, office, "returned")
    other = compound.persons["王磊"]
    send(office, f"/manage/cards/give/{other}", number=CARD_OF_WANG, label="", valid_until="")
    undo(office)
    assert "It was given out again since. Nothing was undone." in office.get(LIST).text
    assert read(compound, lambda s: s.get_one(CredentialRow, card).state) == "ended"


@pytest.mark.wide
def test_the_keys_of_a_removed_webhook_are_erased_after_a_day_and_not_before(compound, office):
    hook = {"name": "Desk", "url": "https://example.org/take", "kinds": ["alarm_raised"]}
    send(office, "/manage/settings/webhooks/new", **hook)
    hook_id = read(compound, lambda s: s.scalars(select(Webhook)).one()).webhook_id
    page = f"/manage/settings/webhooks/{hook_id}"
    html = office.get(page).text
    done(office, office.post(f"{page}/remove", data=hidden_of(html, f"{page}/remove")))
    keep_house(compound)
    assert read(compound, lambda s: s.get_one(Webhook, hook_id).signing_key_sealed) != b""
    compound.clock.now += timedelta(hours=25)
    keep_house(compound)
    assert read(compound, lambda s: s.get_one(Webhook, hook_id).signing_key_sealed) == b""


@pytest.mark.wide
def test_a_closed_account_signs_in_again_for_a_day_and_then_has_no_password(compound, office):
    guard = read(compound, lambda s: s.scalars(select(User).where(User.email == "guard@example.org")).one())
    path = f"/manage/staff/{guard.id}"
    for _twice in range(2):
        html = office.get(path).text
        done(office, office.post(f"{path}/close", data=hidden_of(html, f"{path}/close")))
        assert not read(compound, lambda s: s.get_one(User, guard.id).active)
        keep_house(compound)
        undo(office)
        assert read(compound, lambda s: s.get_one(User, guard.id).active)
        compound.clock.now += timedelta(minutes=1)
    html = office.get(path).text
    done(office, office.post(f"{path}/close", data=hidden_of(html, f"{path}/close")))
    compound.clock.now += timedelta(hours=25)
    keep_house(compound)
    row = read(compound, lambda s: s.get_one(User, guard.id))
    assert (row.active, row.password, row.tf_totp_secret) == (False, None, None)
