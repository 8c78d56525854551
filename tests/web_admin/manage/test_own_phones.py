"""Alarms on phones of staff: switched on under one's own account, by who may answer them; no silent ones."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from gate_controller.contract.event_kinds import EventKind
from tests.support.act_previews import done
from tests.support.compounds.managed import PASSWORD
from tests.support.push_browser import PushBrowser
from tests.web_admin.manage.staff_accounts import NEW_PASSWORD, account_of, send
from web_admin.accounts.models import StaffProfile, User
from web_admin.alarms.actions import SILENT_KINDS, raise_alarm
from web_admin.alarms.texts import ALARMS
from web_admin.core.database import current_menjin
from web_admin.messages.models import OutboxMessage
from web_admin.messages.push_models import PushPhone
from web_admin.privacy.retention import STEPS

pytestmark = pytest.mark.both_databases
PAGE = "/manage/account"


@pytest.fixture
def rows(compound):
    def read(work):
        with compound.app.app_context(), current_menjin().database.session() as session:
            return work(session)

    return read


def switch_on(client, name="one"):
    form = PushBrowser(f"https://fcm.googleapis.com/fcm/send/{name}").form()
    return send(client, PAGE, f"{PAGE}/phone", **form)


@pytest.fixture
def alarm(compound, rows):
    """Raise one alarm and return what the phones show of it, by their owners' addresses."""

    def raised(kind, ago=timedelta(0)):
        now = compound.clock.now

        def work(session):
            raise_alarm(session, compound.site_id, kind, now, gate_id="north", raised_at=now - ago)
            owners = dict(
                session.execute(
                    select(PushPhone.phone_id, User.email).join(User, User.id == PushPhone.account_id)
                ).all()
            )
            put = session.scalars(select(OutboxMessage).where(OutboxMessage.channel == "push")).all()
            said = {owners[row.target]: row.body["text"] for row in put}
            for row in put:
                session.delete(row)
            return said

        return rows(work)

    return raised


@pytest.mark.wide
def test_guards_and_managers_read_an_alarm_and_its_gate_in_their_language(compound, alarm):
    guard, manager = compound.signed_in("guard"), compound.signed_in("manager")
    send(guard, PAGE, shown_name="北门保安", language="zh")
    send(manager, PAGE, shown_name="Office", language="en")
    assert switch_on(guard).status_code == switch_on(manager).status_code == 303
    said = alarm(EventKind.ALARM_DOOR_FORCED)
    assert set(said) == {"guard@example.org", "manager@example.org"}
    assert said["manager@example.org"].startswith("Door forced open: ")
    assert said["guard@example.org"].startswith("门被强行打开")


@pytest.mark.wide
def test_a_silent_alarm_and_one_that_is_old_are_on_no_phone_and_one_about_a_guard_on_the_managers_alone(
    compound, alarm
):
    for role in ("guard", "manager"):
        switch_on(compound.signed_in(role))
    assert [alarm(kind) for kind in SILENT_KINDS] == [{}, {}]
    assert alarm(EventKind.ALARM_DOOR_FORCED, timedelta(hours=2)) == {}
    assert set(alarm(EventKind.ALARM_DESK_GUESSING)) == {"manager@example.org"}


def test_a_closed_account_and_one_without_the_right_get_none(compound, rows, alarm):
    guard, installer = compound.signed_in("guard"), compound.signed_in("installer")
    switch_on(guard)
    assert switch_on(installer).status_code == 403
    assert "data-push" not in installer.get(PAGE).text
    rows(
        lambda session: setattr(
            session.scalars(select(User).where(User.email == "guard@example.org")).one(), "active", False
        )
    )
    assert alarm(EventKind.ALARM_DOOR_FORCED) == {}
    assert rows(lambda session: len(session.scalars(select(PushPhone)).all())) == 1
    rows(lambda session: close_long_ago(session, compound.clock.now))
    with compound.app.app_context():
        assert STEPS["closed_phones_deleted"](current_menjin(), compound.clock.now) == 1


def close_long_ago(session, now):
    profile = session.scalars(select(StaffProfile).join(User).where(User.email == "guard@example.org")).one()
    profile.closed_at = now - timedelta(days=2)


@pytest.mark.wide
def test_a_phone_is_removed_alone_or_with_every_sign_in(compound, rows):
    guard = compound.signed_in("guard")
    for name in ("one", "two", "two"):
        switch_on(guard, name)
    first, second = rows(lambda session: sorted(session.scalars(select(PushPhone.phone_id))))
    send(compound.signed_in("manager"), PAGE, f"{PAGE}/phone/remove", phone=first)
    send(guard, PAGE, f"{PAGE}/phone/remove", phone=first)
    assert rows(lambda session: session.scalars(select(PushPhone.phone_id)).all()) == [second]
    send(guard, PAGE, f"{PAGE}/sign-out")
    assert rows(lambda session: session.scalars(select(PushPhone.phone_id)).all()) == []


@pytest.fixture
def kept(compound, rows):
    """Return the number of a guard's phones before and after one request."""

    def counted(ask):
        def count():
            return rows(lambda session: len(session.scalars(select(PushPhone)).all()))

        before = count()
        ask()
        return before, count()

    return counted


@pytest.mark.wide
def test_a_new_password_and_a_link_for_a_new_start_end_the_alarms_on_every_phone(compound, rows, kept):
    guard, manager = compound.signed_in("guard"), compound.signed_in("manager")
    switch_on(guard)
    words = {"current": PASSWORD, "password": NEW_PASSWORD}
    changed = kept(lambda: send(guard, PAGE, f"{PAGE}/password", form=1, **words))
    assert changed == (1, 0)
    assert "none of your phones now" in guard.get(PAGE).text
    switch_on(guard)
    account = f"/manage/staff/{account_of(rows, 'guard@example.org').id}"
    read = send(manager, account, f"{account}/again", form=1)
    assert "none of their phones" in read.text
    assert kept(lambda: done(manager, read)) == (1, 0)


def test_staff_are_promised_no_alarms_on_an_iphone(compound):
    page = compound.signed_in("guard").get(PAGE).text
    assert "iPhones and iPads cannot do it yet" in page
    assert "Home Screen" not in page


def test_what_no_browser_answers_is_refused_in_words(compound):
    guard = compound.signed_in("guard")
    send(guard, PAGE, f"{PAGE}/phone", endpoint="https://192.168.1.1/", p256dh="A", auth="A")
    assert "could not be read" in guard.get(PAGE).text


def test_each_kind_of_alarm_has_a_sentence():
    assert {kind for kind in EventKind if kind.startswith("alarm_") and not kind.endswith("_clear")} <= set(
        ALARMS
    )
