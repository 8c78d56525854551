"""Judge a new version of the gate while it is on trial: pure."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal

from gate_controller.updates.launcher import TRIAL_SECONDS

Verdict = Literal["wait", "test_relays", "keep", "roll_back"]


@dataclass(slots=True)
class TrialFacts:
    """Facts about a version since it was started on trial."""

    needs_policy: bool
    """True if the version before had rules."""
    needs_devices: frozenset[str]
    """The devices that worked under the version before."""
    has_policy: bool = False
    has_reported: bool = False
    """True once the server took a whole turn of questions and entries."""
    opened: int = 0
    """How often the lock was released for a person."""
    turned_away: int = 0
    """How often a person whom the rules know did not get in."""
    failed: str = ""
    """The kind of an entry that no sound version writes."""
    relays_tested: bool | None = None
    """True if each relay took the order to rest; None before it was tried."""
    well: set[str] = field(default_factory=set)
    """The devices that work now."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """Verdict on a version, and the reason."""

    verdict: Verdict
    why: str = ""


def judge(facts: TrialFacts, seconds: float) -> Judgement:
    """Return whether a version is kept, goes back or is watched on, after so many seconds on trial.

    It is kept as soon as it has opened for a person, everything else being well. Where no person came in
    time, as at night, each relay's order to rest stands for the card; where people came and none of them
    got in, it goes back: an hour with the version before costs nothing, a gate that opens to no one does.
    """
    if facts.failed:
        return Judgement("roll_back", f"it recorded {facts.failed}")
    lacks = _lacks(facts)
    if not lacks and facts.opened:
        return Judgement("keep")
    if seconds < TRIAL_SECONDS:
        return Judgement("wait")
    if lacks:
        return Judgement("roll_back", lacks)
    if facts.turned_away:
        return Judgement("roll_back", f"{facts.turned_away} people came and it opened to none of them")
    if facts.relays_tested is None:
        return Judgement("test_relays")
    if not facts.relays_tested:
        return Judgement("roll_back", "a relay did not take the order to rest")
    return Judgement("keep")


def _lacks(facts: TrialFacts) -> str:
    """Return what is not well, empty when all is."""
    if not facts.has_reported:
        return "the server did not hear from it"
    if facts.needs_policy and not facts.has_policy:
        return "it has no rules, and the version before had"
    missing = _missing(facts.needs_devices, facts.well)
    return f"devices that worked before do not: {', '.join(missing)}" if missing else ""


def _missing(needed: Collection[str], well: Collection[str]) -> list[str]:
    return sorted(set(needed) - set(well))
