"""How long the rules take with 100, 10,000 and 100,000 credentials.

The baseline of the same run is one indexed look-up of the card in SQLite (in memory, prepared), which
is what a controller that asks its database at each tap pays before it applies any rule.
"""

import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from gate_controller.contract.policy import Policy, compile_policy
from gate_controller.rules.access import decide
from gate_controller.rules.decision import GateMemory
from gate_controller.rules.identify import GateKeys, identify_card
from tests.bench.big_site import card_number, records_of
from tests.bench.figure import Figure, beside, percentile
from tests.support.gates.site_keys import encoded

NOW = datetime(2026, 6, 3, 4, 30, tzinfo=UTC)
KEYS = GateKeys(b"c" * 32, b"p" * 32, b"k" * 32)
LANE = "gate-7-in"
ROUNDS, DECISIONS = 15, 4000
DECIDE_TARGET_NS = 4000.0
"""About twice what the rules of a controller in Go take with as many."""


def measure() -> Iterator[Figure]:
    """Yield nanoseconds a decision, the median of rounds, and the time to take a whole policy."""
    for credentials in (100, 10_000, 100_000):
        records = encoded(records_of(credentials, KEYS.card_key))
        started = time.perf_counter()
        policy = compile_policy(records, epoch=1, version=1, issued_at=NOW).policy
        compiled_ms = (time.perf_counter() - started) * 1000
        baseline_ns = _sqlite_lookup_ns(credentials)
        peer = "one indexed SQLite look-up, no rules"
        size = f"{credentials} credentials"
        target = DECIDE_TARGET_NS if credentials == 100_000 else None
        yield beside("rules", f"decide, {size}", _decide_ns(policy), "ns", peer, baseline_ns, target)
        yield beside("rules", f"identify + decide, {size}", _tap_ns(policy), "ns", peer, baseline_ns)
        yield Figure("rules", f"take a whole policy, {size}", round(compiled_ms, 1), "ms")


def _indexes(credentials: int) -> list[int]:
    return [(n * 7919) % credentials for n in range(DECISIONS)]


def _decide_ns(policy: Policy) -> float:
    claims = [identify_card(card_number(i), policy, KEYS) for i in _indexes(len(policy.credentials))]
    memory, rounds = GateMemory(), []
    for _ in range(ROUNDS):
        started = time.perf_counter_ns()
        for claim in claims:
            decide(claim, LANE, policy, memory, NOW)
        rounds.append((time.perf_counter_ns() - started) / len(claims))
    if not decide(claims[0], LANE, policy, memory, NOW).opens:
        raise AssertionError("the bench measures refusals: the invented site is wrong")
    return percentile(rounds, 0.5)


def _tap_ns(policy: Policy) -> float:
    numbers = [card_number(i) for i in _indexes(len(policy.credentials))]
    memory, rounds = GateMemory(), []
    for _ in range(ROUNDS):
        started = time.perf_counter_ns()
        for number in numbers:
            decide(identify_card(number, policy, KEYS), LANE, policy, memory, NOW)
        rounds.append((time.perf_counter_ns() - started) / len(numbers))
    return percentile(rounds, 0.5)


def _sqlite_lookup_ns(credentials: int) -> float:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE card (number INTEGER PRIMARY KEY, person TEXT, until TEXT)")
    rows = ((card_number(i), f"p{i}", None) for i in range(credentials))
    connection.executemany("INSERT OR IGNORE INTO card VALUES (?, ?, ?)", rows)
    numbers, rounds = [card_number(i) for i in _indexes(credentials)], []
    for _ in range(ROUNDS):
        started = time.perf_counter_ns()
        for number in numbers:
            connection.execute("SELECT person, until FROM card WHERE number = ?", (number,)).fetchone()
        rounds.append((time.perf_counter_ns() - started) / len(numbers))
    connection.close()
    return percentile(rounds, 0.5)
