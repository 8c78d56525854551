"""Judge the health of the server, with texts and remedies: pure functions over the gathered facts.

Three levels: good, look (soon), bad (now). Unknown facts are shown as unknown and raise no warning.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from flask_babel import LazyString
from flask_babel import lazy_gettext as _
from flask_babel import lazy_ngettext as ngettext

from gate_controller.command_line.command_names import server_command
from gate_controller.contract.event_kinds import EventKind
from web_admin.operations.marks import REFUSED, UNREACHABLE
from web_admin.privacy.audits import AuditDue

Level = Literal["good", "look", "bad", "unknown"]
_ORDER: Sequence[Level] = ("bad", "look", "unknown", "good")

BACKUP_LOOK, BACKUP_BAD = timedelta(days=7), timedelta(days=30)
HOUSE_LOOK = timedelta(minutes=30)
OUTBOX_LOOK = timedelta(minutes=15)
CERTIFICATE_LOOK, CERTIFICATE_BAD = timedelta(days=21), timedelta(days=3)
CERTIFICATE_LIFE = timedelta(days=90)
"""Life of a certificate that these two limits are for; of a shorter life they are the same part."""
KEY_WAITS = timedelta(hours=24)
DISK_LOOK, DISK_BAD = 0.15, 0.05
SYNCHRONISE = "sudo timedatectl set-ntp true"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: what it is, how it is, what to do."""

    name: LazyString
    level: Level
    says: LazyString | str
    todo: LazyString | None = None
    command: str = ""
    """The command that `todo` asks to run: a line of its own, since it is in no language of people."""
    raw: str = ""
    """Text that a machine wrote itself, in no language of ours; shown on request."""
    alarm: EventKind | None = None
    """The alarm by which staff are notified while it lasts; None where the page is enough."""


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """Facts about the server at one moment; None is not known."""

    disk_free: int
    disk_total: int
    database_bytes: int
    backup_at: datetime | None
    housekeeping_at: datetime | None
    housekeeping_failed: str
    outbox_waiting: int
    outbox_since: datetime | None
    outbox_failed: int
    newest_entry_at: datetime | None
    clock_synchronised: bool | None
    https: bool
    certificate_note: str
    certificate_until: datetime | None
    key_waits_since: datetime | None
    review_due_at: datetime
    audit: AuditDue
    site_since: datetime
    disk_machine: str = ""
    """The machine of this disk, where several machines serve the compound."""
    machines: int = 0
    silent_machines: tuple[str, ...] = ()
    certificate_since: datetime | None = None


def worst(levels: Iterable[Level]) -> Level:
    """Return the worst of some levels, good for none; what is not known is no trouble."""
    found = set(levels)
    return next((level for level in _ORDER if level in found and level != "unknown"), "good")


def server_findings(facts: ServerFacts, now: datetime) -> list[Finding]:
    """Judge the server, worst first."""
    findings = [
        _disk(facts),
        _backup(facts, now),
        _housekeeping(facts, now),
        _outbox(facts, now),
        _clock(facts, now),
        *_certificate(facts, now),
        *_keys(facts, now),
        *_machines(facts),
        _review(facts, now),
        _audit(facts),
    ]
    return sorted(findings, key=lambda finding: _ORDER.index(finding.level))


def alarms_finding(count: int) -> Finding:
    """Return that alarms wait: with one open not everything is well."""
    return Finding(
        _("Alarms"),
        "look",
        ngettext("%(num)d alarm is open.", "%(num)d alarms are open.", count),
        _("Look at them under Now or Alarms."),
    )


def _disk(facts: ServerFacts) -> Finding:
    share = facts.disk_free / facts.disk_total if facts.disk_total else 0.0
    level: Level = "bad" if share < DISK_BAD else "look" if share < DISK_LOOK else "good"
    says = _(
        "%(free)s GB free (%(share)s %%); the records take %(taken)s MB.",
        free=f"{facts.disk_free / 1e9:.1f}",
        share=round(share * 100),
        taken=f"{facts.database_bytes / 1e6:.1f}",
    )
    todo = _("Free some space, or nothing more can be recorded. Look for old backups and logs first.")
    if level == "good":
        return Finding(_("Disk"), level, says)
    return Finding(_("Disk"), level, says, todo, raw=facts.disk_machine, alarm=EventKind.ALARM_SERVER_DISK)


def _backup(facts: ServerFacts, now: datetime) -> Finding:
    name = _("Last backup")
    todo = _("Run this every night and keep the file on another machine:")
    command = server_command("backup FILE")
    if facts.backup_at is None:
        late = now - facts.site_since > BACKUP_LOOK
        alarm = EventKind.ALARM_BACKUP_OLD if late else None
        return Finding(
            name, backup_level(facts, now), _("None was ever made here."), todo, command, alarm=alarm
        )
    age, level = now - facts.backup_at, backup_level(facts, now)
    days = max(age.days, 0)
    says = ngettext("Made %(num)d day ago.", "Made %(num)d days ago.", days)
    if level == "good":
        return Finding(name, level, says)
    return Finding(name, level, says, todo, command, alarm=EventKind.ALARM_BACKUP_OLD)


def backup_level(facts: ServerFacts, now: datetime) -> Level:
    """Judge the age of the newest backup; one that is missing is to be made soon."""
    if facts.backup_at is None:
        return "look"
    age = now - facts.backup_at
    return "bad" if age > BACKUP_BAD else "look" if age > BACKUP_LOOK else "good"


def _housekeeping(facts: ServerFacts, now: datetime) -> Finding:
    name = _("Housekeeping")
    if facts.housekeeping_at is None or now - facts.housekeeping_at > HOUSE_LOOK:
        return Finding(
            name,
            "look",
            _("Did not run in the last half hour."),
            _("Every ten minutes the server removes what has ended. Does this program run?"),
            server_command("run"),
            alarm=None if facts.housekeeping_at is None else EventKind.ALARM_SERVER_TASKS,
        )
    if facts.housekeeping_failed:
        return Finding(
            name,
            "look",
            _("Some steps failed."),
            _("They are tried again every ten minutes; the server's log says why."),
            raw=facts.housekeeping_failed,
            alarm=EventKind.ALARM_SERVER_TASKS,
        )
    return Finding(name, "good", _("Ran within the last half hour."))


def _outbox(facts: ServerFacts, now: datetime) -> Finding:
    name = _("Mail and messages")
    late = facts.outbox_since is not None and now - facts.outbox_since > OUTBOX_LOOK
    if late or facts.outbox_failed:
        says = _(
            "%(waiting)s are waiting, %(failed)s failed in the last two weeks.",
            waiting=facts.outbox_waiting,
            failed=facts.outbox_failed,
        )
        todo = _("Check the mail server and webhooks in the settings.")
        alarm = EventKind.ALARM_MAIL_FAILING if late else None
        return Finding(name, "look", says, todo, alarm=alarm)
    if not facts.outbox_waiting:
        return Finding(name, "good", _("Nothing waits."))
    return Finding(name, "good", ngettext("%(num)d waits.", "%(num)d wait.", facts.outbox_waiting))


def _clock(facts: ServerFacts, now: datetime) -> Finding:
    name = _("Clock")
    if facts.newest_entry_at is not None and facts.newest_entry_at > now + timedelta(minutes=1):
        return Finding(
            name,
            "bad",
            _("It is earlier than entries that were already written."),
            _("Correct it and synchronise it with a time server. Codes and leases depend on it."),
            alarm=EventKind.ALARM_SERVER_CLOCK,
        )
    if facts.clock_synchronised is None:
        return Finding(name, "unknown", _("This machine does not say whether it follows a time server."))
    if not facts.clock_synchronised:
        return Finding(
            name,
            "look",
            _("Not synchronised with a time server."),
            _("Switch time synchronisation on:"),
            SYNCHRONISE,
            alarm=EventKind.ALARM_SERVER_CLOCK,
        )
    return Finding(name, "good", _("Synchronised with a time server."))


def _certificate(facts: ServerFacts, now: datetime) -> list[Finding]:
    name = _("Certificate of the address")
    todo = _("Renew it in the proxy in front of this server.")
    if not facts.https:
        return []
    if facts.certificate_note == REFUSED:
        todo = _(
            "Renew it in the proxy in front of this server. Where an authority of your own signs it, "
            "name its certificate in web.toml: own_authority."
        )
        return [Finding(name, "bad", _("Browsers refuse it."), todo, alarm=EventKind.ALARM_CERTIFICATE)]
    if facts.certificate_until is None:
        says = (
            _("The address could not be reached from here.")
            if facts.certificate_note == UNREACHABLE
            else _("Not checked yet.")
        )
        return [Finding(name, "unknown", says)]
    left = facts.certificate_until - now
    life = facts.certificate_until - (facts.certificate_since or facts.certificate_until - CERTIFICATE_LIFE)
    part = min(life / CERTIFICATE_LIFE, 1.0)
    level: Level = (
        "bad" if left < CERTIFICATE_BAD * part else "look" if left < CERTIFICATE_LOOK * part else "good"
    )
    days, hours = max(left.days, 0), max(left // timedelta(hours=1), 0)
    says = ngettext("Holds for %(num)d more day.", "Holds for %(num)d more days.", days)
    if left < CERTIFICATE_BAD:
        says = ngettext("Holds for %(num)d more hour.", "Holds for %(num)d more hours.", hours)
    if level == "good":
        return [Finding(name, level, says)]
    return [Finding(name, level, says, todo, alarm=EventKind.ALARM_CERTIFICATE)]


def _keys(facts: ServerFacts, now: datetime) -> list[Finding]:
    if facts.key_waits_since is None:
        return []
    late = now - facts.key_waits_since > KEY_WAITS
    return [
        Finding(
            _("Key of face shares"),
            "bad" if late else "good",
            _("A deletion waits for the key to be changed. This takes at most a day."),
            _("Run this and read what it says:") if late else None,
            server_command("rotate-keys") if late else "",
        )
    ]


def _machines(facts: ServerFacts) -> list[Finding]:
    name = _("Machines")
    if facts.silent_machines:
        return [
            Finding(
                name,
                "bad",
                _("No contact for five minutes: %(names)s.", names=", ".join(facts.silent_machines)),
                _(
                    "Start it again, or take it out: a key of faces counts as destroyed only when every "
                    "machine has said so."
                ),
                server_command("machines --forget NAME"),
                alarm=EventKind.ALARM_SERVER_TASKS,
            )
        ]
    if facts.machines < 2:
        return []
    return [Finding(name, "good", ngettext("%(num)d runs.", "%(num)d run.", facts.machines))]


def _review(facts: ServerFacts, now: datetime) -> Finding:
    if facts.review_due_at <= now:
        return Finding(
            _("Review of rights"), "look", _("Due."), _("Look at every account under staff and roles.")
        )
    return Finding(_("Review of rights"), "good", _("Done in the last three months, or not due yet."))


def _audit(facts: ServerFacts) -> Finding:
    name = _("Yearly audit")
    if not facts.audit.is_task:
        return Finding(name, "good", _("Not due yet."))
    says = _("Overdue.") if facts.audit.is_late else _("Due within two months.")
    return Finding(name, "look", says, _("Begin it under Privacy, Audits: the figures are there."))
