"""Accounts of staff: made, changed and ended."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.support.act_previews import done
from tests.support.compounds.managed import PASSWORD
from tests.support.compounds.resident import csrf_of
from tests.web_admin.manage.staff_accounts import account_of, invite, send
from web_admin.accounts import staff
from web_admin.accounts.models import StaffProfile, User
from web_admin.accounts.names import shown_names
from web_admin.accounts.residents import set_resident_password
from web_admin.accounts.rules import CONFIRMED_FOR, account_status, is_confirmed
from web_admin.accounts.staff import create_staff
from web_admin.action.base import new_action
from web_admin.compound.models import Person
from web_admin.core.database import current_menjin
from web_admin.core.refusal import ActionRefused
from web_admin.journal.models import AuditEntry
from web_admin.operations import housekeeping


@pytest.fixture
def client(compound):
    return compound.signed_in("manager")


@pytest.fixture
def rows(compound):
    def read(work):
        with compound.app.app_context(), current_menjin().database.session() as session:
            return work(session)

    return read


@pytest.mark.wide
def test_two_managers_who_close_each_other_at_once_leave_one(compound, rows):
    with compound.app.test_request_context(headers={"Accept-Language": "en"}):
        menjin = current_menjin()
        with menjin.database.session() as session:
            second = create_staff(session, "manager", "second@example.org", PASSWORD).id
        first = account_of(rows, "manager@example.org").id
        with menjin.database.session() as session:
            staff.close_account(act_of(menjin, session, compound, first), second)
        with menjin.database.session() as session, pytest.raises(ActionRefused, match="last manager"):
            staff.close_account(act_of(menjin, session, compound, second), first)


def act_of(menjin, session, compound, account_id):
    return new_action(menjin, session, compound.site_id, staff.staff_id(account_id), "manager")


@pytest.mark.parametrize(
    "work",
    [
        staff.close_account,
        lambda act, account_id: staff.set_role(act, account_id, "guard"),
        staff.invite_again,
    ],
)
def test_the_last_manager_stays_at_any_request(compound, rows, work):
    manager = account_of(rows, "manager@example.org").id
    with compound.app.test_request_context(headers={"Accept-Language": "en"}):
        menjin = current_menjin()
        with menjin.database.session() as session, pytest.raises(ActionRefused, match="last manager"):
            work(act_of(menjin, session, compound, 0), manager)


@pytest.mark.wide
def test_what_was_done_to_accounts_is_in_the_ledger_without_addresses_among_the_facts(client, rows):
    invite(client)
    account = account_of(rows, "li@example.org")
    path = f"/manage/staff/{account.id}"
    send(client, path, f"{path}/role", form=0, role="installer")
    done(client, send(client, path, f"{path}/close", form=2))
    kinds = ("staff_invited", "staff_role_changed", "staff_closed")
    entries = rows(
        lambda s: s.scalars(
            select(AuditEntry).where(AuditEntry.kind.in_(kinds)).order_by(AuditEntry.seq)
        ).all()
    )
    assert [entry.kind for entry in entries] == list(kinds)
    assert [entry for entry in entries if "example.org" in str(entry.facts)] == []
    assert entries[0].personal["email"] == "li@example.org"


def test_the_day_of_the_last_sign_in_is_kept_and_nothing_finer(client, compound, rows):
    number = account_of(rows, "manager@example.org").id
    profile = rows(lambda s: s.get(StaffProfile, number))
    assert profile.last_sign_in_on.isoformat()[:4] == str(compound.clock.now.year)
    assert not hasattr(profile.last_sign_in_on, "hour")


@pytest.mark.wide
def test_address_and_name_of_a_closed_account_go_when_the_ledger_forgets(client, compound, rows):
    account = account_of(rows, "guard@example.org")
    path = f"/manage/staff/{account.id}"
    done(client, send(client, path, f"{path}/close", form=2))
    with compound.app.app_context():
        menjin = current_menjin()
        housekeeping.run(menjin, compound.clock.now + timedelta(days=180))
        assert rows(lambda s: s.get(User, account.id).email) == "guard@example.org"
        housekeeping.run(menjin, compound.clock.now + timedelta(days=181))
        assert rows(lambda s: s.get(User, account.id).email) is None
        assert account_of(rows, "manager@example.org").active


CLOSED = StaffProfile(closed_at=datetime(2026, 5, 4, tzinfo=UTC))


@pytest.mark.parametrize(
    ("active", "profile", "status"),
    [
        (True, None, "open"),
        (True, CLOSED, "open"),
        (False, CLOSED, "closed"),
        (False, StaffProfile(closed_at=None), "invited"),
        (False, None, "invited"),
    ],
)
def test_an_account_is_closed_only_when_its_profile_says_so(
    active: bool, profile: StaffProfile | None, status: str
) -> None:
    assert account_status(User(active=active), profile) == status


@pytest.mark.parametrize(
    ("ago", "is_so"),
    [
        (timedelta(0), True),
        (CONFIRMED_FOR, True),
        (CONFIRMED_FOR + timedelta(seconds=1), False),
        (-timedelta(seconds=1), False),
    ],
)
def test_a_sign_in_confirms_for_ten_minutes_and_a_later_one_does_not(ago: timedelta, *, is_so: bool) -> None:
    now = datetime(2026, 5, 4, 12, tzinfo=UTC)
    assert is_confirmed(now - ago, now) is is_so


def test_without_a_name_of_their_own_residents_read_the_role_and_never_an_address(compound, rows):
    numbers = rows(lambda s: [account.id for account in staff.staff_accounts(s)])
    with compound.app.test_request_context(headers={"Accept-Language": "en"}):
        names = rows(lambda s: dict(shown_names(s, [f"staff-{number}" for number in numbers])))
    assert set(names.values()) == {"Property manager", "Guard", "Installer", "Privacy officer"}


@pytest.mark.wide
def test_a_resident_reads_that_name_beside_the_reason_of_a_look(client, compound, rows):
    send(client, "/manage/account", shown_name="Office, Mrs Chen", language="en")
    person_id = compound.persons["王芳"]
    send_plain(client, f"/manage/events/person/{person_id}", reason="She asked where her card was used")
    page = resident(compound, rows, person_id).get("/r/records").text
    assert "Office, Mrs Chen" in page
    assert "She asked where her card was used" in page
    assert "manager@example.org" not in page


def send_plain(client, path, **data):
    return client.post(path, data={"csrf_token": csrf_of(client.get(path).text)} | data)


def resident(compound, rows, person_id):
    """Return a browser in which the person is signed in."""
    rows(lambda s: set_resident_password(s, s.get_one(Person, person_id), "wangfang", PASSWORD))
    browser = compound.app.test_client()
    with browser.session_transaction() as session:
        session["language"] = "en"
    assert send_plain(browser, "/r/sign-in", name="wangfang", password=PASSWORD).status_code in (302, 303)
    return browser
