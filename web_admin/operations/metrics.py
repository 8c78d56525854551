"""Metrics for a monitor: numbers about gates and server as Prometheus's text format, and no person.

Each number is read when it is asked for, so every process of the server answers the same. Silent alarms are
in none: the key to the numbers is no right to know of a person under threat.
"""

from collections.abc import Iterator
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.orm import Session

from gate_controller.contract.program import program_version
from web_admin.alarms.queries import open_alarms_by_kind
from web_admin.compound.models import Gate, Site
from web_admin.core.config import WebConfig
from web_admin.core.request_times import request_numbers
from web_admin.gates.silence import is_silent
from web_admin.operations.gate_health import GateHealth
from web_admin.operations.health import Level, ServerFacts
from web_admin.operations.health_facts import gates_health, server_facts

MIB = 1024 * 1024
LEVELS: dict[Level, int] = {"good": 0, "unknown": 0, "look": 1, "bad": 2}


def metrics_text(session: Session, config: WebConfig, site: Site, now: datetime) -> bytes:
    """Return all numbers of a compound (https://prometheus.io/docs/instrumenting/exposition_formats/)."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Numbers(session, config, site, now))
    return generate_latest(registry) + request_numbers()


class _Numbers(Collector):
    def __init__(self, session: Session, config: WebConfig, site: Site, now: datetime) -> None:
        self._gates = gates_health(session, site, now)
        self._facts = server_facts(session, config, site, now)
        self._alarms = open_alarms_by_kind(session, site.site_id)
        self._now = now

    def collect(self) -> Iterator[Metric]:
        """Give every number."""
        yield _one("menjin_build_info", "The server's program.", {"version": program_version()}, 1)
        yield from _gates(self._gates, self._now)
        yield from _server(self._facts, self._now)
        alarms = GaugeMetricFamily("menjin_open_alarms", "Alarms that wait for staff.", labels=["kind"])
        for kind, count in sorted(self._alarms.items()):
            alarms.add_metric([kind], count)
        yield alarms


def _one(name: str, says: str, labels: dict[str, str], value: float) -> Metric:
    family = GaugeMetricFamily(name, says, labels=list(labels))
    family.add_metric(list(labels.values()), value)
    return family


def _gates(gates: list[GateHealth], now: datetime) -> Iterator[Metric]:
    families = {
        name: GaugeMetricFamily(f"menjin_gate_{name}", says, labels=["gate"])
        for name, says in (
            ("up", "1 while the gate is in contact."),
            ("health", "0 good, 1 to be looked at, 2 to be acted upon."),
            ("last_contact_seconds", "Seconds since the gate asked last."),
            ("policy_behind_seconds", "For how long the gate, in contact, has not had the newest rules."),
            ("events_unsent", "Entries of the gate's journal that the server lacks."),
            ("clock_offset_seconds", "The gate's clock, behind the server's."),
            ("disk_free_bytes", "Free room on the gate's disk."),
            ("disk_bytes", "All of that room."),
            ("disk_reserve_in_use", "1 while the gate records in the room it keeps for a full disk."),
        )
    }
    for one in gates:
        if one.gate.state == "paired":
            for name, value in _numbers_of(one, now):
                families[name].add_metric([one.gate.gate_id], value)
    yield from families.values()
    versions = GaugeMetricFamily("menjin_gate_build_info", "A gate's program.", labels=["gate", "version"])
    for one in gates:
        versions.add_metric([one.gate.gate_id, one.gate.program or "unknown"], 1)
    yield versions


def _numbers_of(one: GateHealth, now: datetime) -> Iterator[tuple[str, float]]:
    gate: Gate = one.gate
    yield "up", float(not is_silent(gate, now))
    yield "health", LEVELS[one.level]
    if gate.last_seen_at is not None:
        yield "last_contact_seconds", (now - gate.last_seen_at).total_seconds()
    behind = (now - gate.behind_since).total_seconds() if gate.behind_since is not None else 0.0
    yield "policy_behind_seconds", behind
    yield "events_unsent", max(0, (gate.told_seq or 0) - gate.acknowledged_seq)
    if gate.clock_behind_seconds is not None:
        yield "clock_offset_seconds", gate.clock_behind_seconds
    if gate.disk_free_mib is not None and gate.disk_total_mib is not None:
        yield "disk_free_bytes", gate.disk_free_mib * MIB
        yield "disk_bytes", gate.disk_total_mib * MIB
        yield "disk_reserve_in_use", float(gate.disk_reserve_in_use)


def _server(facts: ServerFacts, now: datetime) -> Iterator[Metric]:
    known: tuple[tuple[str, str, float | None], ...] = (
        ("disk_free_bytes", "Free room where the server keeps everything.", facts.disk_free),
        ("disk_bytes", "All of that room.", facts.disk_total),
        ("database_bytes", "What the records take.", facts.database_bytes),
        ("backup_age_seconds", "Since the newest backup.", _age(facts.backup_at, now)),
        ("housekeeping_age_seconds", "Since housekeeping ran.", _age(facts.housekeeping_at, now)),
        ("messages_waiting", "Mail and webhooks that are due.", facts.outbox_waiting),
        ("messages_failed", "Mail and webhooks that were given up.", facts.outbox_failed),
        ("key_waits_seconds", "Since a forgetting waits.", _age(facts.key_waits_since, now) or 0.0),
        (
            "certificate_expires_seconds",
            "Until browsers refuse the public address.",
            None if facts.certificate_until is None else (facts.certificate_until - now).total_seconds(),
        ),
        (
            "certificate_life_seconds",
            "From beginning to end of that certificate.",
            None
            if facts.certificate_until is None or facts.certificate_since is None
            else (facts.certificate_until - facts.certificate_since).total_seconds(),
        ),
    )
    for name, says, value in known:
        if value is not None:
            yield _one(f"menjin_{name}", says, {}, value)


def _age(at: datetime | None, now: datetime) -> float | None:
    return None if at is None else (now - at).total_seconds()
