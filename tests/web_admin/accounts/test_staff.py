"""Acts on staff accounts row by row: never without a manager, and what goes when one is closed."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.support.act_previews import done
from tests.support.compounds.managed import PASSWORD
from tests.web_admin.manage.staff_accounts import account_of, invite, send
from web_admin.accounts import staff
from web_admin.accounts.models import StaffProfile, User
from web_admin.accounts.staff import create_staff
from web_admin.action.base import new_action
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
