"""People are notified of what Health finds: once, and again when it is over."""

import re
import shutil
from collections import namedtuple
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from gate_controller.contract.event_kinds import EventKind
from tests.support.clock import SetClock
from tests.support.compounds.managed import make_managed_compound
from web_admin.alarms.models import Alarm
from web_admin.compound.models import Gate
from web_admin.core.database import current_menjin
from web_admin.events.alarm_groups import grouped
from web_admin.messages.models import MailServer, OutboxMessage, Webhook
from web_admin.operations import marks
from web_admin.operations.watch import WATCHED, watch

OPERATIONS = Path(__file__).resolve().parents[3] / "docs" / "operations.md"
DAY = timedelta(days=1)


@pytest.fixture
def compound(web_config, now):
    made = make_managed_compound(web_config, SetClock(now))
    with made.act() as act:
        act.session.add(MailServer(
            site_id=act.site_id, host="127.0.0.1", port=25, security="none", sender="gates@example.org"))
        act.session.add(Webhook(
            webhook_id="hook", site_id=act.site_id, name="hook", url="https://example.org/hook",
            kinds=["alarm_raised", "alarm_over"], signing_key_sealed=b"x", created_at=now))
    keep_well(made)
    yield made
    made.close()


def keep_well(compound):
    """Let every gate call now, and the server's tasks run."""
    with compound.act() as act:
        for gate in act.session.scalars(select(Gate)):
            gate.last_seen_at, gate.clock_sure, gate.clock_behind_seconds = compound.clock(), True, 0.0
            gate.behind_since, gate.policy_trouble = None, ""
        marks.mark(act.session, marks.HOUSEKEEPING, compound.clock(), "")
        marks.mark(act.session, marks.BACKUP, compound.clock(), "")


def look(compound):
    with compound.app.app_context():
        return watch(current_menjin(), compound.clock())


def open_kinds(compound):
    with compound.act() as act:
        alarms = act.session.scalars(select(Alarm).where(Alarm.kind.in_(WATCHED), Alarm.over_at.is_(None)))
        return sorted((alarm.kind, alarm.gate_id) for alarm in alarms)


def sent(compound, channel):
    with compound.act() as act:
        rows = act.session.scalars(
            select(OutboxMessage).where(OutboxMessage.channel == channel).order_by(OutboxMessage.created_at))
        return [(row.target, row.kind, dict(row.body)) for row in rows]


def gate(act):
    return act.session.get_one(Gate, "north")


def silent(compound, monkeypatch):
    with compound.act() as act:
        gate(act).last_seen_at = compound.clock() - timedelta(minutes=3)


def behind(compound, monkeypatch):
    with compound.act() as act:
        gate(act).behind_since = compound.clock() - timedelta(minutes=3)


def clock_unsure(compound, monkeypatch):
    with compound.act() as act:
        gate(act).clock_sure = False


def clock_off(compound, monkeypatch):
    with compound.act() as act:
        gate(act).clock_behind_seconds = 45.0


def disk_nearly_full(compound, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage(100, 90, 10))


def tasks_fail(compound, monkeypatch):
    with compound.act() as act:
        marks.mark(act.session, marks.HOUSEKEEPING, compound.clock(), "faces_ended")


def backup_old(compound, monkeypatch):
    with compound.act() as act:
        marks.mark(act.session, marks.BACKUP, compound.clock() - 8 * DAY, "")


def server_clock_back(compound, monkeypatch):
    compound.clock.now += timedelta(hours=2)
    with compound.act() as act:
        from web_admin.action.base import record

        record(act, "settings_changed", {})
    keep_well(compound)
    compound.clock.now -= timedelta(hours=2)
    keep_well(compound)


def mail_stuck(compound, monkeypatch):
    with compound.act() as act:
        act.session.add(OutboxMessage(
            message_id="old", site_id=act.site_id, channel="mail", target="a@example.org", kind="test",
            body={}, created_at=compound.clock() - timedelta(hours=1), next_at=compound.clock(),
            state="waiting"))


def certificate_ends(compound, monkeypatch):
    from web_admin.operations import health_facts

    monkeypatch.setattr(health_facts, "certificate_until", lambda _note: compound.clock() + DAY)
    monkeypatch.setattr(type(current_menjin_config(compound)), "is_https", property(lambda _config: True))
    with compound.act() as act:
        marks.mark(act.session, marks.CERTIFICATE, compound.clock(), "")


def current_menjin_config(compound):
    with compound.app.app_context():
        return current_menjin().config


CAUSES = {
    silent: EventKind.ALARM_GATE_SILENT, behind: EventKind.ALARM_GATE_BEHIND,
    clock_unsure: EventKind.ALARM_GATE_CLOCK, clock_off: EventKind.ALARM_GATE_CLOCK,
    disk_nearly_full: EventKind.ALARM_SERVER_DISK, tasks_fail: EventKind.ALARM_SERVER_TASKS,
    backup_old: EventKind.ALARM_BACKUP_OLD, server_clock_back: EventKind.ALARM_SERVER_CLOCK,
    mail_stuck: EventKind.ALARM_MAIL_FAILING, certificate_ends: EventKind.ALARM_CERTIFICATE,
}
AT_A_GATE = (EventKind.ALARM_GATE_SILENT, EventKind.ALARM_GATE_BEHIND, EventKind.ALARM_GATE_CLOCK)


def test_where_all_is_well_no_one_is_notified(compound):
    assert look(compound) == 0
    assert (sent(compound, "mail"), sent(compound, "webhook")) == ([], [])


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.__name__)
def test_each_trouble_is_said_once_to_page_mail_and_webhook(compound, monkeypatch, cause):
    cause(compound, monkeypatch)
    assert look(compound) == 1
    assert look(compound) == 0, "not again while it lasts"
    kind = CAUSES[cause]
    at = "north" if kind in AT_A_GATE else None
    assert open_kinds(compound) == [(kind, at)]
    mails = [mail for mail in sent(compound, "mail") if mail[1] == "operations"]
    assert [mail[0] for mail in mails] == ["manager@example.org"]
    assert "/manage/health" in mails[0][2]["text"]
    assert [(hook[1], hook[2]["alarm"]) for hook in sent(compound, "webhook")] == [("alarm_raised", kind)]


def test_when_it_is_over_each_is_notified_once_and_the_alarm_waits_to_be_seen(compound, monkeypatch):
    silent(compound, monkeypatch)
    look(compound)
    compound.clock.now += timedelta(minutes=5)
    keep_well(compound)
    assert look(compound) == 1
    assert look(compound) == 0
    assert open_kinds(compound) == []
    assert [hook[1] for hook in sent(compound, "webhook")] == ["alarm_raised", "alarm_over"]
    began, over = (mail[2]["text"] for mail in sent(compound, "mail"))
    assert began != over
    with compound.act() as act:
        alarms = act.session.scalars(select(Alarm).where(Alarm.kind == EventKind.ALARM_GATE_SILENT)).all()
        (group,) = grouped(act.session, alarms)
        assert (group.over_at, alarms[0].acknowledged_at) == (compound.clock(), None)


def test_what_comes_again_is_said_again(compound, monkeypatch):
    for _ in range(2):
        silent(compound, monkeypatch)
        look(compound)
        compound.clock.now += timedelta(minutes=5)
        keep_well(compound)
        look(compound)
    assert [hook[1] for hook in sent(compound, "webhook")] == ["alarm_raised", "alarm_over"] * 2


def test_a_gate_that_never_called_and_a_new_server_without_backup_raise_nothing(compound):
    with compound.act() as act:
        gate(act).last_seen_at = None
        act.session.delete(act.session.get_one(marks.ServerMark, marks.BACKUP))
    assert look(compound) == 0


def test_without_a_mail_server_the_page_and_webhooks_say_it(compound, monkeypatch):
    with compound.act() as act:
        act.session.delete(act.session.get_one(MailServer, act.site_id))
    silent(compound, monkeypatch)
    assert look(compound) == 1
    assert sent(compound, "mail") == []
    assert len(sent(compound, "webhook")) == 1


def test_the_mail_is_in_the_language_of_its_reader_and_names_the_gate_and_what_to_do(compound, monkeypatch):
    silent(compound, monkeypatch)
    look(compound)
    ((_, _, body),) = sent(compound, "mail")
    assert "失去联系" in body["text"]
    with compound.act() as act:
        assert gate(act).name in body["text"]


def test_the_page_of_operations_names_each_of_them_and_no_other() -> None:
    rows = re.findall(r"^\| `(alarm_\w+)` \|", OPERATIONS.read_text(encoding="utf-8"), re.M)
    assert sorted(rows) == sorted(WATCHED)
