"""Judge the health of gates by their last reports, with texts and remedies: pure functions."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _
from flask_babel import lazy_ngettext as ngettext

from gate_controller.command_line.command_names import gate_command
from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.program import program_version
from web_admin.compound.models import Gate
from web_admin.core.texts import word
from web_admin.gates.silence import is_silent
from web_admin.gates.texts import HEALTHS
from web_admin.operations.health import DISK_BAD, DISK_LOOK, Finding, Level, worst

LONG_SILENT_AFTER = timedelta(hours=24)
CLOCK_OFF_SECONDS = 30.0
TAKEN_WITHIN = timedelta(seconds=15)
"""A gate asks every two seconds, and once more after it took a change."""
MANY_UNSENT = 100


@dataclass(frozen=True, slots=True)
class GateHealth:
    """A gate with everything about it that is not well."""

    gate: Gate
    level: Level
    findings: tuple[Finding, ...]


def gate_health(gate: Gate, tampered: bool, now: datetime) -> GateHealth:
    """Judge one gate by its last report."""
    findings = tuple(_gate_findings(gate, tampered, now))
    return GateHealth(gate, worst(finding.level for finding in findings), findings)


def _gate_findings(gate: Gate, tampered: bool, now: datetime) -> Iterable[Finding]:
    if gate.state == "stolen":
        yield Finding(_("Reported stolen"), "bad", _("It no longer gets rules."))
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
            _("Two controllers"),
            "bad",
            _("Its key is in use in two places."),
            _("Take both away from the network and pair a fresh controller."),
        )
    if tampered:
        yield Finding(
            _("Tampered with"),
            "bad",
            _("It may have been opened."),
            _("Look at the gate, then press “Checked and cleared” on its page."),
        )
    yield from _behind(gate, now, silent=bool(contact))
    if not gate.clock_sure:
        yield Finding(
            _("Clock not reliable"),
            "look",
            _("It refuses everything that depends on time, such as visitors' codes."),
            _("Check its battery clock and its time server."),
            alarm=EventKind.ALARM_GATE_CLOCK,
        )
    elif abs(gate.clock_behind_seconds or 0.0) > CLOCK_OFF_SECONDS:
        yield Finding(
            _("Clock off"),
            "look",
            _("%(seconds)s seconds from this server's.", seconds=round(abs(gate.clock_behind_seconds or 0))),
            _("Synchronise both with a time server."),
            alarm=EventKind.ALARM_GATE_CLOCK,
        )
    yield from _disk_of(gate)
    yield from _devices(gate)
    if gate.without_face:
        yield Finding(_("Without face"), "good", _("Its program has no code for faces."))


def _contact(gate: Gate, now: datetime) -> Iterable[Finding]:
    if not is_silent(gate, now):
        return
    silent = None if gate.last_seen_at is None else now - gate.last_seen_at
    todo = _("The gate still opens on its own. Check its power, cable and network.")
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
        gate=gate.program or "?",
        server=program_version(),
    )
    if since is not None and not gate.policy_withheld and now - since > TAKEN_WITHIN:
        minutes = max(1, int((now - since).total_seconds() // 60))
        says = ngettext(
            "In contact, it keeps old rules for %(num)d minute. Cards ended since still open there.",
            "In contact, it keeps old rules for %(num)d minutes. Cards ended since still open there.",
            minutes,
        )
        yield Finding(_("New rules not accepted"), "bad", says, todo, alarm=EventKind.ALARM_GATE_BEHIND)
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
        yield Finding(_("Rules out of date"), "look", says, todo)
    unsent = (gate.told_seq or 0) - gate.acknowledged_seq
    if unsent > MANY_UNSENT:
        says = ngettext("%(num)d event.", "%(num)d events.", unsent)
        todo = _("They are stored at the gate and arrive automatically. Check that the number goes down.")
        yield Finding(_("Events not sent yet"), "look", says, todo)


def _disk_of(gate: Gate) -> Iterable[Finding]:
    if not gate.disk_total_mib or gate.disk_free_mib is None:
        return
    share = gate.disk_free_mib / gate.disk_total_mib
    free = f"{gate.disk_free_mib / 1024:.1f}"
    if gate.disk_reserve_in_use:
        says = _("Full: it records in the room that it keeps for this.")
        todo = _(
            "Free some space at once. The gate keeps working for a few thousand entries; then no card "
            "opens there."
        )
        yield Finding(_("Disk"), "bad", says, todo, alarm=EventKind.ALARM_GATE_DISK)
    elif share < DISK_LOOK:
        says = _("%(free)s GB free (%(share)s %%).", free=free, share=round(share * 100))
        todo = _("Free some space at the gate: look for old logs and for files with “damaged” in their name.")
        level: Level = "bad" if share < DISK_BAD else "look"
        yield Finding(_("Disk"), level, says, todo, alarm=EventKind.ALARM_GATE_DISK)


def _devices(gate: Gate) -> Iterable[Finding]:
    for device in gate.device_states or []:
        if device.get("health") != "ok":
            state = word(HEALTHS, str(device.get("health")))
            yield Finding(
                _("A device has a fault"),
                "look",
                _("%(device)s: %(state)s", device=device.get("device"), state=state),
                _("Look at its cable and power. At the gate, this says more:"),
                gate_command("check"),
                raw=str(device.get("detail") or ""),
            )
