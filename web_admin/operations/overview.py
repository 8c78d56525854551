"""Compute what a head office reads of a compound: counts and ages. No person, no home, no passage.

Times are ages, so the clocks of two machines need not agree. What depends on people (faces, ways in) is
counted up to the beginning of the day and stays the same until the next: a figure that moved with each act
would show when a single one was. A forgetting counts only once it has waited for an hour, for the same
reason; gates sign within seconds.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask_babel import force_locale
from sqlalchemy.orm import Session

from gate_controller.contract.languages import LANGUAGES
from gate_controller.contract.program import program_version
from web_admin.alarms.queries import open_alarms_since
from web_admin.calls.usage import calls_in_use
from web_admin.compound.models import Gate, Site
from web_admin.core.config import WebConfig
from web_admin.core.suppression import bounds
from web_admin.custody.queries import unsigned_forgettings
from web_admin.events.texts import EVENTS
from web_admin.events.usage import ways_in_use, worse_than_face
from web_admin.face.authority_threshold import THRESHOLD, WARN_NOW, WARN_SOON, people_who_had_faces
from web_admin.gates.silence import is_silent
from web_admin.operations.gate_health import TAKEN_WITHIN, GateHealth
from web_admin.operations.health import backup_level, server_findings, worst
from web_admin.operations.health_facts import gates_health, server_facts
from web_admin.operations.schema import newest_revision

FORMAT = "menjin-overview-1"
SIGNED_WITHIN = timedelta(hours=1)
"""A forgetting that a gate has not signed for longer is pending."""

Figures = dict[str, object]


class FiguresOfTheDay:
    """Those figures that stay the same for a day, computed once."""

    def __init__(self) -> None:
        self._kept: tuple[date, Figures] | None = None

    def of(self, day: date, make: Callable[[], Figures]) -> Figures:
        kept = self._kept
        if kept is None or kept[0] != day:
            kept = self._kept = (day, make())
        return kept[1]


def overview(
    session: Session, config: WebConfig, site: Site, kept: FiguresOfTheDay, now: datetime
) -> Figures:
    """Return every figure of a compound, in the form of `OverviewOut`."""
    zone = ZoneInfo(site.timezone)
    today = now.astimezone(zone).date()
    facts, gates = server_facts(session, config, site, now), gates_health(session, site, now)
    return {
        "format": FORMAT,
        "site": site.name,
        "program": program_version(),
        "schema": newest_revision(),
        "server": worst(finding.level for finding in server_findings(facts, now)),
        "backup_age_seconds": _age(facts.backup_at, now),
        "backup_level": backup_level(facts, now),
        "gates": _gates(gates, now),
        "versions": _versions(gates),
        "alarms": [
            {"kind": kind, "names": _names(kind), "count": count, "oldest_seconds": _age(oldest, now)}
            for kind, (count, oldest) in sorted(open_alarms_since(session, site.site_id).items())
        ],
        "forgettings_pending": _pending(session, site, now),
        **kept.of(today, lambda: _of_the_day(session, config, site, datetime.combine(today, time(), zone))),
    }


def _of_the_day(session: Session, config: WebConfig, site: Site, until: datetime) -> Figures:
    ways = ways_in_use(session, site.site_id, until, with_later=False)
    worse = worse_than_face(ways)
    least, most = bounds(people_who_had_faces(session, until))
    calls = calls_in_use(session, site, config.passage_days, until)
    return {
        "ways_in": [
            {"method": way.method.value, "tries": str(way.tries), "opened_percent": way.opened_percent}
            for way in ways
        ],
        "worse_than_face": None if worse is None else [method.value for method in worse],
        "calls": {
            "days": calls.days,
            "calls": str(calls.calls),
            "answered": str(calls.answered),
            "let_in": str(calls.let_in),
            "to_guard": str(calls.to_guard),
            "not_answered": str(calls.not_answered),
        },
        "people_with_face": {
            "at_least": least,
            "at_most": most,
            "near": WARN_SOON,
            "close": WARN_NOW,
            "threshold": THRESHOLD,
        },
    }


def _names(kind: str) -> dict[str, str]:
    """Return how staff's pages name a kind of alarm, by language."""
    names = {}
    for language in LANGUAGES:
        with force_locale(language):
            names[language] = str(EVENTS.get(kind, kind))
    return names


def _gates(gates: Sequence[GateHealth], now: datetime) -> Figures:
    paired = [one.gate for one in gates if one.gate.state == "paired"]
    silent = [gate for gate in paired if is_silent(gate, now)]
    since = [gate.last_seen_at for gate in silent if gate.last_seen_at is not None]
    levels = Counter(one.level for one in gates)
    return {
        "total": len(gates),
        "in_contact": len(paired) - len(silent),
        "silent": len(silent),
        "silent_for_seconds": _age(min(since, default=None), now),
        "not_paired": len(gates) - len(paired),
        "behind": sum(_is_behind(gate, now) for gate in paired),
        "not_well": levels["bad"] + levels["look"],
    }


def _is_behind(gate: Gate, now: datetime) -> bool:
    """Return whether a gate decides by rules that are not the newest, for longer than taking them lasts."""
    if is_silent(gate, now):
        return gate.published_version > gate.have_version
    since = gate.behind_since
    return bool(gate.policy_trouble) or (since is not None and now - since > TAKEN_WITHIN)


def _versions(gates: Sequence[GateHealth]) -> list[Figures]:
    counted = Counter(one.gate.program for one in gates if one.gate.state == "paired")
    return [{"version": version, "gates": count} for version, count in sorted(counted.items())]


def _pending(session: Session, site: Site, now: datetime) -> Figures:
    count, oldest = unsigned_forgettings(session, site.site_id, now - SIGNED_WITHIN)
    least, most = bounds(count)
    hours = None if oldest is None else _hours(now - oldest)
    return {"at_least": least, "at_most": most, "oldest_hours": hours}


def _hours(span: timedelta) -> int:
    return int(span.total_seconds() // 3600)


def _age(at: datetime | None, now: datetime) -> int | None:
    return None if at is None else max(0, int((now - at).total_seconds()))
