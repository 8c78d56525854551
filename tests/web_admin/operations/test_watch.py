"""People are notified of what Health finds: once, and again when it is over."""

import re
import shutil
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import select

from gate_controller.contract.event_kinds import EventKind, is_alarm
from tests.support.peers import mail_peer
from web_admin.alarms.actions import raise_alarm
from web_admin.alarms.models import Alarm
from web_admin.compound.models import Gate
from web_admin.core.database import current_menjin
from web_admin.events.alarm_groups import grouped
from web_admin.journal.models import GateEvent
from web_admin.messages.delivery import deliver
from web_admin.messages.models import MailServer, OutboxMessage, Webhook
from web_admin.messages.outbox import put_message
from web_admin.operations import marks
from web_admin.operations.watch import REPAIRS, WATCHED, notify, watch
from web_admin.operations.watch import look as look_for_news

OPERATIONS = Path(__file__).resolve().parents[3] / "docs" / "operations.md"
DAY = timedelta(days=1)


@pytest.fixture
def compound_begins(now):
    return now


@pytest.fixture
def mailing_compound(compound, now):
    with compound.act() as act:
        act.session.add(
            MailServer(
                site_id=act.site_id, host="127.0.0.1", port=25, security="none", sender="gates@example.org"
            )
        )
        act.session.add(
            Webhook(
                webhook_id="hook",
                site_id=act.site_id,
                name="hook",
                url="https://example.org/hook",
                kinds=["alarm_raised", "alarm_over"],
                signing_key_sealed=b"x",
                created_at=now,
            )
        )
    keep_well(compound)
    return compound


def keep_well(compound):
    """Let every gate call now, and the server's tasks run."""
    with compound.act() as act:
        for gate in act.session.scalars(select(Gate)):
            gate.last_seen_at, gate.clock_sure, gate.clock_behind_seconds = compound.clock(), True, 0.0
            gate.behind_since, gate.policy_trouble = None, ""
            gate.disk_free_mib, gate.disk_total_mib, gate.disk_reserve_in_use = 5000, 8000, False
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
            select(OutboxMessage).where(OutboxMessage.channel == channel).order_by(OutboxMessage.created_at)
        )
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


def gates_disk_nearly_full(compound, monkeypatch):
    with compound.act() as act:
        gate(act).disk_free_mib = 1000


def gates_disk_full(compound, monkeypatch):
    with compound.act() as act:
        gate(act).disk_free_mib, gate(act).disk_reserve_in_use = 0, True


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
        act.session.add(
            OutboxMessage(
                message_id="old",
                site_id=act.site_id,
                channel="mail",
                target="a@example.org",
                kind="test",
                body={},
                created_at=compound.clock() - timedelta(hours=1),
                next_at=compound.clock(),
                state="waiting",
            )
        )


def certificate_ends(compound, monkeypatch):
    from web_admin.operations import health_facts

    monkeypatch.setattr(health_facts, "certificate_until", lambda _note: compound.clock() + DAY)
    monkeypatch.setattr(type(current_menjin_of(compound).config), "is_https", property(lambda _config: True))
    with compound.act() as act:
        marks.mark(act.session, marks.CERTIFICATE, compound.clock(), "")


def current_menjin_of(compound):
    with compound.app.app_context():
        return current_menjin()


CAUSES = {
    silent: EventKind.ALARM_GATE_SILENT,
    behind: EventKind.ALARM_GATE_BEHIND,
    clock_unsure: EventKind.ALARM_GATE_CLOCK,
    clock_off: EventKind.ALARM_GATE_CLOCK,
    gates_disk_nearly_full: EventKind.ALARM_GATE_DISK,
    gates_disk_full: EventKind.ALARM_GATE_DISK,
    disk_nearly_full: EventKind.ALARM_SERVER_DISK,
    tasks_fail: EventKind.ALARM_SERVER_TASKS,
    backup_old: EventKind.ALARM_BACKUP_OLD,
    server_clock_back: EventKind.ALARM_SERVER_CLOCK,
    mail_stuck: EventKind.ALARM_MAIL_FAILING,
    certificate_ends: EventKind.ALARM_CERTIFICATE,
}
AT_A_GATE = (
    EventKind.ALARM_GATE_SILENT,
    EventKind.ALARM_GATE_BEHIND,
    EventKind.ALARM_GATE_CLOCK,
    EventKind.ALARM_GATE_DISK,
)


def test_where_all_is_well_no_one_is_notified(mailing_compound):
    assert look(mailing_compound) == 0
    assert (sent(mailing_compound, "mail"), sent(mailing_compound, "webhook")) == ([], [])


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.__name__)
def test_each_trouble_is_said_once_to_page_mail_and_webhook(mailing_compound, monkeypatch, cause):
    cause(mailing_compound, monkeypatch)
    assert look(mailing_compound) == 1
    assert look(mailing_compound) == 0, "not again while it lasts"
    kind = CAUSES[cause]
    at = "north" if kind in AT_A_GATE else None
    assert open_kinds(mailing_compound) == [(kind, at)]
    mails = [mail for mail in sent(mailing_compound, "mail") if mail[1] == "operations"]
    assert [mail[0] for mail in mails] == ["manager@example.org"]
    assert "/manage/health" in mails[0][2]["text"]
    assert [(hook[1], hook[2]["alarm"]) for hook in sent(mailing_compound, "webhook")] == [
        ("alarm_raised", kind)
    ]


def test_when_it_is_over_each_is_notified_once_and_the_alarm_waits_to_be_seen(mailing_compound, monkeypatch):
    silent(mailing_compound, monkeypatch)
    look(mailing_compound)
    mailing_compound.clock.now += timedelta(minutes=5)
    keep_well(mailing_compound)
    assert look(mailing_compound) == 1
    assert look(mailing_compound) == 0
    assert open_kinds(mailing_compound) == []
    assert [hook[1] for hook in sent(mailing_compound, "webhook")] == ["alarm_raised", "alarm_over"]
    began, over = (mail[2]["text"] for mail in sent(mailing_compound, "mail"))
    assert began != over
    with mailing_compound.act() as act:
        alarms = act.session.scalars(select(Alarm).where(Alarm.kind == EventKind.ALARM_GATE_SILENT)).all()
        (group,) = grouped(act.session, alarms)
        assert (group.over_at, alarms[0].acknowledged_at) == (mailing_compound.clock(), None)


@pytest.mark.wide
def test_a_mail_server_that_is_away_is_one_alarm_from_try_to_try_until_it_is_back(
    mailing_compound, monkeypatch
):
    menjin = current_menjin_of(mailing_compound)
    with mailing_compound.act() as act:
        act.session.delete(act.session.get_one(Webhook, "hook"))
        put_message(
            act.session,
            act.site_id,
            channel="mail",
            target="a@example.org",
            kind="test",
            body={"subject": "s", "text": "t"},
            now=mailing_compound.clock(),
        )
    began = mailing_compound.clock()
    raised = []
    for _minute in range(45):
        assert deliver(menjin, ["mail"]).sent == 0
        keep_well(mailing_compound)
        look(mailing_compound)
        raised += [mailing_compound.clock() - began] * (
            open_kinds(mailing_compound) == [("alarm_mail_failing", None)]
        )
        mailing_compound.clock.now += timedelta(minutes=1)
    assert raised == [timedelta(minutes=minute) for minute in range(16, 45)]
    with mail_peer() as mail:
        with mailing_compound.act() as act:
            act.session.get_one(MailServer, act.site_id).port = mail.port
        mailing_compound.clock.now += timedelta(hours=1)
        # One on this machine gets mail only where the operator named it.
        named = replace(menjin, config=replace(menjin.config, mail_server=f"127.0.0.1:{mail.port}"))
        deliver(named, ["mail"])
        keep_well(mailing_compound)
        look(mailing_compound)
        assert len(mail.mails) == 2, "what waited, and the alarm's own"
    with mailing_compound.act() as act:
        (alarm,) = act.session.scalars(select(Alarm).where(Alarm.kind == EventKind.ALARM_MAIL_FAILING))
        assert alarm.over_at == mailing_compound.clock()


def test_what_comes_again_is_said_again(mailing_compound, monkeypatch):
    for _ in range(2):
        silent(mailing_compound, monkeypatch)
        look(mailing_compound)
        mailing_compound.clock.now += timedelta(minutes=5)
        keep_well(mailing_compound)
        look(mailing_compound)
    assert [hook[1] for hook in sent(mailing_compound, "webhook")] == ["alarm_raised", "alarm_over"] * 2


def test_a_gate_that_never_called_and_a_new_server_without_backup_raise_nothing(mailing_compound):
    with mailing_compound.act() as act:
        gate(act).last_seen_at = None
        act.session.delete(act.session.get_one(marks.ServerMark, marks.BACKUP))
    assert look(mailing_compound) == 0


def test_without_a_mail_server_the_page_and_webhooks_say_it(mailing_compound, monkeypatch):
    with mailing_compound.act() as act:
        act.session.delete(act.session.get_one(MailServer, act.site_id))
    silent(mailing_compound, monkeypatch)
    assert look(mailing_compound) == 1
    assert sent(mailing_compound, "mail") == []
    assert len(sent(mailing_compound, "webhook")) == 1


def test_the_mail_is_in_the_language_of_its_reader_and_names_the_gate_and_what_to_do(
    mailing_compound, monkeypatch
):
    silent(mailing_compound, monkeypatch)
    look(mailing_compound)
    ((_, _, body),) = sent(mailing_compound, "mail")
    assert "失去联系" in body["text"]
    with mailing_compound.act() as act:
        assert gate(act).name in body["text"]


def test_a_mail_gives_a_command_a_line_of_its_own(mailing_compound, monkeypatch):
    backup_old(mailing_compound, monkeypatch)
    look(mailing_compound)
    ((_, _, body),) = sent(mailing_compound, "mail")
    assert "\n    menjin web backup FILE\n" in body["text"]


def test_the_page_of_operations_names_each_of_them_and_no_other() -> None:
    rows = re.findall(r"^\| `(alarm_\w+)` \|", OPERATIONS.read_text(encoding="utf-8"), re.M)
    assert sorted(rows) == sorted([*WATCHED, *REPAIRS])


# -- alarms that gates raise -------------------------------------------------------------------------


def entry(compound, seq, kind, **facts):
    """Let the north gate hand over one entry of its journal."""
    with compound.act() as act:
        act.session.add(
            GateEvent(
                gate_id="north",
                journal_id="j.1",
                seq=seq,
                at=compound.clock(),
                kind=kind,
                lane_id=facts.get("lane_id"),
                facts=facts,
                salt=b"s",
                personal_digest=b"p",
                previous=b"v",
                digest=f"d{seq}".encode(),
                received_at=compound.clock(),
            )
        )
        if is_alarm(kind):
            raise_alarm(
                act.session,
                act.site_id,
                kind,
                compound.clock(),
                gate_id="north",
                lane_id=facts.get("lane_id"),
            )


def operations_mails(compound):
    return [mail[2] for mail in sent(compound, "mail") if mail[1] == "operations"]


def test_what_a_gate_says_of_a_lost_device_is_mailed_once_and_again_when_it_is_back(mailing_compound):
    entry(mailing_compound, 1, EventKind.ALARM_DEVICE_LOST, device="card")
    assert look(mailing_compound) == 1
    assert look(mailing_compound) == 0
    mailing_compound.clock.now += timedelta(minutes=2)
    keep_well(mailing_compound)
    entry(mailing_compound, 2, EventKind.DEVICE_BACK, device="other")
    assert look(mailing_compound) == 0, "another device is back"
    entry(mailing_compound, 3, EventKind.DEVICE_BACK, device="card")
    assert look(mailing_compound) == 1
    assert look(mailing_compound) == 0
    began, over = (mail["subject"] for mail in operations_mails(mailing_compound))
    assert began != over
    assert [hook[1] for hook in sent(mailing_compound, "webhook")] == ["alarm_raised", "alarm_over"]


def test_what_is_over_within_the_minute_is_not_mailed(mailing_compound):
    entry(mailing_compound, 1, EventKind.ALARM_DEVICE_LOST, device="card")
    mailing_compound.clock.now += timedelta(seconds=5)
    entry(mailing_compound, 2, EventKind.DEVICE_BACK, device="card")
    assert look(mailing_compound) == 1
    assert operations_mails(mailing_compound) == []


def test_a_device_that_comes_and_goes_is_mailed_once_an_hour(mailing_compound):
    for seq in range(1, 4):
        entry(mailing_compound, seq, EventKind.ALARM_DEVICE_LOST, device="card")
        mailing_compound.clock.now += timedelta(minutes=4)
        keep_well(mailing_compound)
        look(mailing_compound)
    assert len(operations_mails(mailing_compound)) == 1


def test_what_the_guard_answers_on_the_spot_is_not_mailed(mailing_compound):
    entry(mailing_compound, 1, EventKind.ALARM_DOOR_FORCED, lane_id="north-in")
    entry(mailing_compound, 2, EventKind.ALARM_DURESS)
    assert look(mailing_compound) == 0
    assert sent(mailing_compound, "mail") == []


# -- beside others -----------------------------------------------------------------------------------


def both_at_once(compound):
    """Let two machines look, and write once both have; return how many changes each made."""
    with compound.app.app_context():
        menjin = current_menjin()
    found = [look_for_news(menjin, compound.clock()) for _ in range(2)]
    together = Barrier(2)

    def write(news):
        with compound.app.app_context():
            together.wait()
            return sum(notify(menjin, one, compound.clock()) for one in news)

    with ThreadPoolExecutor(2) as machines:
        return list(machines.map(write, found))


@pytest.mark.wide
@pytest.mark.both_databases
def test_two_machines_over_one_database_raise_mail_and_end_it_once(mailing_compound, monkeypatch):
    silent(mailing_compound, monkeypatch)
    entry(mailing_compound, 1, EventKind.ALARM_POLICY_REFUSED)
    assert sum(both_at_once(mailing_compound)) == 2
    assert open_kinds(mailing_compound) == [(EventKind.ALARM_GATE_SILENT, "north")]
    mailing_compound.clock.now += timedelta(minutes=5)
    keep_well(mailing_compound)
    entry(mailing_compound, 2, EventKind.POLICY_TAKEN)
    assert sum(both_at_once(mailing_compound)) == 2
    hooks = [(hook[1], hook[2]["alarm"]) for hook in sent(mailing_compound, "webhook")]
    kinds = (EventKind.ALARM_GATE_SILENT, EventKind.ALARM_POLICY_REFUSED)
    assert sorted(hooks) == sorted((word, kind) for word in ("alarm_raised", "alarm_over") for kind in kinds)
    texts = "".join(mail["text"] for mail in operations_mails(mailing_compound))
    assert (texts.count("与服务器失去联系"), texts.count("拒绝")) == (2, 2), "as it began and as it was over"


@pytest.mark.wide
@pytest.mark.both_databases
def test_a_look_that_finds_nothing_new_writes_nothing(mailing_compound, monkeypatch):
    """It waits for no lock: another transaction has it all the while."""
    silent(mailing_compound, monkeypatch)
    assert look(mailing_compound) == 1
    with mailing_compound.act() as act:
        gate(act).name = "changed and held"
        act.session.flush()
        assert look(mailing_compound) == 0
