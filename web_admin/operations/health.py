"""Judge the health of server and gates, with texts and remedies: pure functions over the gathered facts.

Three levels: good, look (soon), bad (now). Unknown facts are shown as unknown and raise no warning.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from flask_babel import LazyString
from flask_babel import lazy_gettext as _
from flask_babel import lazy_ngettext as ngettext

from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.program import program_version
from web_admin.compound.models import Gate
from web_admin.core.texts import word
from web_admin.gates.silence import is_silent
from web_admin.gates.texts import HEALTHS
from web_admin.operations.marks import REFUSED, UNREACHABLE
from web_admin.privacy.audits import AuditDue

Level = Literal["good", "look", "bad", "unknown"]
_ORDER: Sequence[Level] = ("bad", "look", "unknown", "good")

LONG_SILENT_AFTER = timedelta(hours=24)
BACKUP_LOOK, BACKUP_BAD = timedelta(days=7), timedelta(days=30)
HOUSE_LOOK = timedelta(minutes=30)
OUTBOX_LOOK = timedelta(minutes=15)
CERTIFICATE_LOOK, CERTIFICATE_BAD = timedelta(days=21), timedelta(days=3)
KEY_WAITS = timedelta(hours=24)
CLOCK_OFF_SECONDS = 30.0
TAKEN_WITHIN = timedelta(seconds=15)
"""A gate asks every two seconds, and once more after it took a change."""
MANY_UNSENT = 100
DISK_LOOK, DISK_BAD = 0.15, 0.05


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: what it is, how it is, what to do."""

    name: LazyString
    level: Level
    says: LazyString | str
    todo: LazyString | None = None
    raw: str = ""
    """What a machine wrote itself, in no language of ours; shown on request."""
    alarm: EventKind | None = None
    """What staff are notified of while it lasts; None where the page is enough."""


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What was gathered about the server at one moment; None is not known."""

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


@dataclass(frozen=True, slots=True)
class GateHealth:
    """A gate with everything about it that is not well."""

    gate: Gate
    level: Level
    findings: tuple[Finding, ...]


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
        _review(facts, now),
        _audit(facts),
    ]
    return sorted(findings, key=lambda finding: _ORDER.index(finding.level))


def alarms_finding(count: int) -> Finding:
    """Return that alarms wait: with one open not everything is well."""
    return Finding(
        _("Alarms"), "look", ngettext("%(num)d alarm is open.", "%(num)d alarms are open.", count),
        _("Look at them under Now or Alarms."),
    )


def _disk(facts: ServerFacts) -> Finding:
    share = facts.disk_free / facts.disk_total if facts.disk_total else 0.0
    level: Level = "bad" if share < DISK_BAD else "look" if share < DISK_LOOK else "good"
    says = _(
        "%(free)s GB free (%(share)s %%); the records take %(taken)s MB.",
        free=f"{facts.disk_free / 1e9:.1f}", share=round(share * 100),
        taken=f"{facts.database_bytes / 1e6:.1f}",
    )  # fmt: skip
    todo = _("Make room: without it nothing can be recorded any more. Look for old backups and logs first.")
    if level == "good":
        return Finding(_("Disk"), level, says)
    return Finding(_("Disk"), level, says, todo, alarm=EventKind.ALARM_SERVER_DISK)


def _backup(facts: ServerFacts, now: datetime) -> Finding:
    name = _("Last backup")
    todo = _("Run “menjin web backup FILE” every night and keep the file on another machine.")
    if facts.backup_at is None:
        late = now - facts.site_since > BACKUP_LOOK
        alarm = EventKind.ALARM_BACKUP_OLD if late else None
        return Finding(name, "look", _("None was ever made here."), todo, alarm=alarm)
    age = now - facts.backup_at
    level: Level = "bad" if age > BACKUP_BAD else "look" if age > BACKUP_LOOK else "good"
    days = max(age.days, 0)
    says = ngettext("Made %(num)d day ago.", "Made %(num)d days ago.", days)
    if level == "good":
        return Finding(name, level, says)
    return Finding(name, level, says, todo, alarm=EventKind.ALARM_BACKUP_OLD)


def _housekeeping(facts: ServerFacts, now: datetime) -> Finding:
    name = _("Housekeeping")
    if facts.housekeeping_at is None or now - facts.housekeeping_at > HOUSE_LOOK:
        return Finding(
            name, "look", _("Did not run in the last half hour."),
            _("Is “menjin web run” running? It removes every ten minutes what has ended."),
            alarm=None if facts.housekeeping_at is None else EventKind.ALARM_SERVER_TASKS,
        )  # fmt: skip
    if facts.housekeeping_failed:
        return Finding(
            name, "look", _("Some steps failed."),
            _("They are tried again every ten minutes; the server's log says why."),
            raw=facts.housekeeping_failed, alarm=EventKind.ALARM_SERVER_TASKS,
        )  # fmt: skip
    return Finding(name, "good", _("Ran within the last half hour."))


def _outbox(facts: ServerFacts, now: datetime) -> Finding:
    name = _("Mail and messages")
    late = facts.outbox_since is not None and now - facts.outbox_since > OUTBOX_LOOK
    if late or facts.outbox_failed:
        says = _(
            "%(waiting)s wait, %(failed)s were given up in the last two weeks.",
            waiting=facts.outbox_waiting, failed=facts.outbox_failed,
        )  # fmt: skip
        todo = _("Look at mail server and webhooks in the settings.")
        alarm = EventKind.ALARM_MAIL_FAILING if late else None
        return Finding(name, "look", says, todo, alarm=alarm)
    if not facts.outbox_waiting:
        return Finding(name, "good", _("Nothing waits."))
    return Finding(name, "good", ngettext("%(num)d waits.", "%(num)d wait.", facts.outbox_waiting))


def _clock(facts: ServerFacts, now: datetime) -> Finding:
    name = _("Clock")
    if facts.newest_entry_at is not None and facts.newest_entry_at > now + timedelta(minutes=1):
        return Finding(
            name, "bad", _("It is earlier than entries that were already written."),
            _("Set it right and let it follow a time server; codes and leases depend on it."),
            alarm=EventKind.ALARM_SERVER_CLOCK,
        )  # fmt: skip
    if facts.clock_synchronised is None:
        return Finding(name, "unknown", _("This machine does not say whether it follows a time server."))
    if not facts.clock_synchronised:
        return Finding(
            name, "look", _("It follows no time server."), _("Switch time synchronisation on (timedatectl)."),
            alarm=EventKind.ALARM_SERVER_CLOCK,
        )  # fmt: skip
    return Finding(name, "good", _("It follows a time server."))


def _certificate(facts: ServerFacts, now: datetime) -> list[Finding]:
    name = _("Certificate of the address")
    todo = _("Renew it in the proxy in front of this server.")
    if not facts.https:
        return []
    if facts.certificate_note == REFUSED:
        return [Finding(name, "bad", _("Browsers refuse it."), todo, alarm=EventKind.ALARM_CERTIFICATE)]
    if facts.certificate_until is None:
        says = (
            _("The address could not be reached from here.")
            if facts.certificate_note == UNREACHABLE
            else _("Not checked yet.")
        )
        return [Finding(name, "unknown", says)]
    left = facts.certificate_until - now
    level: Level = "bad" if left < CERTIFICATE_BAD else "look" if left < CERTIFICATE_LOOK else "good"
    days = max(left.days, 0)
    says = ngettext("Holds for %(num)d more day.", "Holds for %(num)d more days.", days)
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
            _("A forgetting waits for the key to be changed; at most a day is promised."),
            _("Run “menjin web rotate-keys” and read what it says.") if late else None,
        )
    ]


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


# -- gates -----------------------------------------------------------------------------------------


def gate_health(gate: Gate, tampered: bool, now: datetime) -> GateHealth:
    """Judge one gate by its last report."""
    findings = tuple(_gate_findings(gate, tampered, now))
    return GateHealth(gate, worst(finding.level for finding in findings), findings)


def _gate_findings(gate: Gate, tampered: bool, now: datetime) -> Iterable[Finding]:
    if gate.state == "stolen":
        yield Finding(_("Reported stolen"), "bad", _("It gets no rules any more."))
        return
    if gate.state != "paired":
        yield Finding(
            _("Not paired yet"), "look", _("No controller speaks for it."), _("Pair one on the gate's page.")
        )
        return
    contact = tuple(_contact(gate, now))
    yield from contact
    if gate.forked_at is not None:
        yield Finding(
            _("Two controllers"), "bad", _("Its key is in use in two places."),
            _("Take both away from the network and pair a fresh controller."),
        )  # fmt: skip
    if tampered:
        yield Finding(
            _("Tampered with"), "bad", _("It may have been opened."),
            _("Look at the gate, then press “Checked and cleared” on its page."),
        )  # fmt: skip
    yield from _behind(gate, now, silent=bool(contact))
    if not gate.clock_sure:
        yield Finding(
            _("Clock unsure"), "look",
            _("It refuses everything that depends on time, such as visitors' codes."),
            _("Look at its battery clock and its time server."), alarm=EventKind.ALARM_GATE_CLOCK,
        )  # fmt: skip
    elif abs(gate.clock_behind_seconds or 0.0) > CLOCK_OFF_SECONDS:
        yield Finding(
            _("Clock off"), "look",
            _("%(seconds)s seconds from this server's.", seconds=round(abs(gate.clock_behind_seconds or 0))),
            _("Let both follow a time server."), alarm=EventKind.ALARM_GATE_CLOCK,
        )  # fmt: skip
    yield from _disk_of(gate)
    yield from _devices(gate)


def _contact(gate: Gate, now: datetime) -> Iterable[Finding]:
    if not is_silent(gate, now):
        return
    silent = None if gate.last_seen_at is None else now - gate.last_seen_at
    todo = _("It opens on its own meanwhile. Look at its power, its cable and its network.")
    if silent is None or silent > LONG_SILENT_AFTER:
        never_called = silent is None  # it is being built
        alarm = None if never_called else EventKind.ALARM_GATE_SILENT
        yield Finding(_("No contact"), "bad", _("For more than a day."), todo, alarm=alarm)
    else:
        minutes = int(silent.total_seconds() // 60)
        says = ngettext("For %(num)d minute.", "For %(num)d minutes.", minutes)
        yield Finding(_("No contact"), "look", says, todo, alarm=EventKind.ALARM_GATE_SILENT)


def _policy_not_taken(gate: Gate, now: datetime) -> Iterable[Finding]:
    """Judge a gate in contact: it has the newest rules within seconds, unless it does not take them."""
    since = gate.behind_since
    todo = _(
        "Bring its program up to date: it is of version %(gate)s, this server of %(server)s.",
        gate=gate.program or "?", server=program_version(),
    )  # fmt: skip
    if since is not None and not gate.policy_withheld and now - since > TAKEN_WITHIN:
        minutes = max(1, int((now - since).total_seconds() // 60))
        says = ngettext(
            "In contact, it keeps old rules for %(num)d minute. Cards ended since still open there.",
            "In contact, it keeps old rules for %(num)d minutes. Cards ended since still open there.",
            minutes,
        )
        yield Finding(_("New rules not taken"), "bad", says, todo, alarm=EventKind.ALARM_GATE_BEHIND)
    elif gate.policy_trouble:
        says = _("It does not understand some rules. What they would open stays shut there.")
        name = _("Rules of a later version")
        yield Finding(name, "look", says, todo, alarm=EventKind.ALARM_GATE_BEHIND)


def _behind(gate: Gate, now: datetime, *, silent: bool) -> Iterable[Finding]:
    behind = gate.published_version - gate.have_version
    if not silent:
        yield from _policy_not_taken(gate, now)
    elif behind > 0:
        says = ngettext("%(num)d change has not arrived.", "%(num)d changes have not arrived.", behind)
        todo = _("They arrive automatically once it is in contact. Cards ended since still open there.")
        yield Finding(_("Rules behind"), "look", says, todo)
    unsent = (gate.told_seq or 0) - gate.acknowledged_seq
    if unsent > MANY_UNSENT:
        says = ngettext("%(num)d event.", "%(num)d events.", unsent)
        todo = _("They are stored there and arrive automatically; does the number shrink?")
        yield Finding(_("Events not sent yet"), "look", says, todo)


def _disk_of(gate: Gate) -> Iterable[Finding]:
    if not gate.disk_total_mib or gate.disk_free_mib is None:
        return
    share = gate.disk_free_mib / gate.disk_total_mib
    free = f"{gate.disk_free_mib / 1024:.1f}"
    if gate.disk_reserve_in_use:
        says = _("Full: it records in the room that it keeps for this.")
        todo = _("Make room at once. Doors go on for some thousand entries; then no card opens there.")
        yield Finding(_("Disk"), "bad", says, todo, alarm=EventKind.ALARM_GATE_DISK)
    elif share < DISK_LOOK:
        says = _("%(free)s GB free (%(share)s %%).", free=free, share=round(share * 100))
        todo = _("Make room at the gate: look for old logs, and for files with “damaged” in their name.")
        level: Level = "bad" if share < DISK_BAD else "look"
        yield Finding(_("Disk"), level, says, todo, alarm=EventKind.ALARM_GATE_DISK)


def _devices(gate: Gate) -> Iterable[Finding]:
    for device in gate.device_states or []:
        if device.get("health") != "ok":
            state = word(HEALTHS, str(device.get("health")))
            yield Finding(
                _("A device is not well"), "look",
                _("%(device)s: %(state)s", device=device.get("device"), state=state),
                _("Look at its cable and power; “menjin gate check” at the gate says more."),
                raw=str(device.get("detail") or ""),
            )  # fmt: skip
