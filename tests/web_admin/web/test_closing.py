"""An account that is closed: its keys and passes end, the rest is handed over."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.support.act_previews import done
from tests.support.compounds.desk import hidden_of
from tests.web_admin.manage.staff_accounts import account_of, send
from web_admin.accounts import staff
from web_admin.accounts.api_keys import end_api_key, make_api_key
from web_admin.accounts.models import ApiKey, User
from web_admin.action.base import new_action
from web_admin.compound.models import Lane
from web_admin.core.database import current_menjin
from web_admin.credentials.emergency_codes import make_emergency_code
from web_admin.credentials.models import EmergencyCode
from web_admin.journal.models import AuditEntry
from web_admin.messages.actions import add_webhook
from web_admin.messages.models import Webhook
from web_admin.messages.queries import authors_of_webhooks
from web_admin.visitors.actions import issue_pass
from web_admin.visitors.models import VisitorPassRow


@pytest.fixture
def client(compound):
    return compound.signed_in("manager")


@pytest.fixture
def rows(compound):
    def read(work):
        with compound.app.app_context(), current_menjin().database.session() as session:
            return work(session)

    return read


def as_guard_became_manager(compound, rows, make):
    """Let a second manager make things, and return their account."""
    account = account_of(rows, "guard@example.org")
    with compound.app.test_request_context("/"), current_menjin().database.session() as session:
        act = new_action(
            current_menjin(),
            session,
            compound.site_id,
            staff.staff_id(account.id),
            "manager",
            now=compound.clock(),
        )
        make(act)
    return account


def all_kinds(act):
    """Make one of each thing that works without its author."""
    make_api_key(act, name="parking", scopes=["people:read"], valid_until=act.now + timedelta(days=90))
    add_webhook(act, name="alarm centre", url="https://alarm.example", kinds=["alarm_raised"], local_ports=())
    issue_pass(act, issuer_person_id=None, label="painter", gate_numbers=[1])
    make_emergency_code(act, label="ambulance B", lanes=[pin_lane(act)], hold_minutes=0)


def pin_lane(act):
    lanes = act.session.scalars(select(Lane).order_by(Lane.lane_id))
    return next(lane.lane_id for lane in lanes if "pin" in lane.methods)


def still_working(rows):
    theirs = select(EmergencyCode).where(EmergencyCode.label == "ambulance B")

    def read(session):
        return {
            "key": session.scalars(select(ApiKey)).one().ended_at is None,
            "webhook": session.scalars(select(Webhook)).one().ended_at is None,
            "pass": session.scalars(select(VisitorPassRow).where(VisitorPassRow.label == "painter"))
            .one()
            .withdrawn_at
            is None,
            "code": session.scalars(theirs).one().state != "ended",
        }

    return rows(read)


@pytest.mark.wide
def test_keys_and_passes_of_a_closed_account_end_and_the_rest_is_handed_over(client, compound, rows):
    account = as_guard_became_manager(compound, rows, all_kinds)
    path = f"/manage/staff/{account.id}"
    page = client.get(path).text
    named = [name for name in ("parking", "alarm centre", "painter", "ambulance B") if name in page]
    assert named == ["parking", "alarm centre", "painter", "ambulance B"], "the page lists nothing of it"
    done(client, send(client, path, f"{path}/close", form=2, hand_over=["webhooks", "codes"]))
    assert still_working(rows) == {"key": False, "webhook": True, "pass": False, "code": True}
    entry = rows(lambda s: s.scalars(select(AuditEntry).where(AuditEntry.kind == "staff_work_settled")).one())
    assert (entry.facts["ended"], entry.facts["handed_over"]) == ("keys passes", "webhooks codes")
    author = select(EmergencyCode.author_id).where(EmergencyCode.label == "ambulance B")
    assert rows(lambda s: s.scalars(author).one()) == entry.facts["actor_id"]


def test_what_an_account_left_that_was_closed_before_is_named_and_ended(client, compound, rows):
    account = as_guard_became_manager(compound, rows, all_kinds)
    path = f"/manage/staff/{account.id}"

    def close(session):
        session.get_one(User, account.id).active = False

    rows(close)
    assert "alarm centre" in client.get(path).text
    done(client, send(client, path, f"{path}/close", form=1))
    assert set(still_working(rows).values()) == {False}


def test_what_is_handed_over_is_listed_with_the_account_that_took_it(client, compound, rows):
    account = as_guard_became_manager(compound, rows, all_kinds)
    path = f"/manage/staff/{account.id}"
    kept = ["keys", "passes", "webhooks", "codes"]
    done(client, send(client, path, f"{path}/close", form=2, hand_over=kept))
    assert set(still_working(rows).values()) == {True}
    assert "alarm centre" not in client.get(path).text
    hook = rows(lambda s: s.scalars(select(Webhook)).one())
    manager = staff.staff_id(account_of(rows, "manager@example.org").id)
    assert rows(lambda s: authors_of_webhooks(s, compound.site_id)) == {hook.webhook_id: manager}


def test_an_undone_closing_gives_everything_back_but_a_key_that_was_ended_since(client, compound, rows):
    account = as_guard_became_manager(compound, rows, all_kinds)
    path = f"/manage/staff/{account.id}"
    done(client, send(client, path, f"{path}/close", form=2, hand_over=["keys", "codes"]))
    compound.clock.now += timedelta(minutes=1)
    key_id = rows(lambda s: s.scalars(select(ApiKey)).one()).key_id
    with compound.act("manager") as act:
        end_api_key(act, key_id)
    page = client.get("/manage/later").text
    (undo,) = re.findall(r'action="(/manage/later/[^"]+/undo)"', page)
    done(client, client.post(undo, data=hidden_of(page, undo)))
    assert rows(lambda s: s.get_one(User, account.id).active)
    assert still_working(rows) == {"key": False, "webhook": True, "pass": True, "code": True}
    author = select(EmergencyCode.author_id).where(EmergencyCode.label == "ambulance B")
    assert rows(lambda s: s.scalars(author).one()) == staff.staff_id(account.id)
