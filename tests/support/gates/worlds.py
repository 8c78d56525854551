"""Worlds of one presentation at one lane, and a model that says by the design's wording alone what opens.

The model is written in the most naive way: lists of minutes, no code shared with the rules.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import strategies as st

from gate_controller.contract.calendars import DAY_KINDS, WEEKDAYS, Span
from gate_controller.contract.passes import SITE_ITSELF, VisitorPass
from gate_controller.contract.policy import Policy, compile_policy
from gate_controller.contract.records import (
    CalendarRecord,
    CardCredential,
    Credential,
    CredentialState,
    EndedPassRecord,
    Grant,
    HoursRecord,
    Method,
    PinCredential,
    Posture,
    PostureOverride,
    QrCredential,
    Record,
    SiteRecord,
    VisitorCodeCredential,
)
from gate_controller.rules.decision import Claim, GateMemory
from tests.support.compounds.people import card, lane, person, records
from tests.support.gates.site_keys import encoded

BERLIN = ZoneInfo("Europe/Berlin")
CLOCKS_GO_BACK = datetime(2026, 10, 25, 1, 0, tzinfo=UTC)
CARD_KEY, PIN_KEY = b"c" * 32, b"p" * 32
PERSON = "00000000000000a1"
PASS_ID = "00000000000000b1"
MAX_AGE_DAYS = 30
NOON = datetime(2026, 3, 4, 11, 0, tzinfo=UTC)
CARD = card(7, CARD_KEY)
FAR = NOON + timedelta(days=1)


def policy_of(*parts: Record, issued_at: datetime) -> Policy:
    site = SiteRecord(site_id="site-1", name="Court", timezone="Europe/Berlin", max_policy_age_days=30)
    whole = encoded(records(site, *parts))
    return compile_policy(whole, epoch=1, version=1, issued_at=issued_at).policy


# -- what the model knows: only what was drawn ---------------------------------------------------------


@dataclass(frozen=True)
class World:
    """One presentation at one lane, in plain values."""

    now: datetime
    clock_sure: bool
    age_days: int
    exceptions: dict[date, str]
    spans: tuple[Span, ...]
    posture: Posture
    scheduled: Posture | None
    override: tuple[Posture, int] | None
    offered: tuple[Method, ...]
    offered_in_hours: bool
    chosen: tuple[Method, ...]
    suspended: bool
    shown: str
    state: CredentialState
    valid: tuple[int | None, int | None]
    used: int
    second: int
    last_second: int
    grant_lane: str
    grant_in_hours: bool
    grant_valid: tuple[int | None, int | None]
    pass_withdrawn: bool
    pass_gate: int
    pass_uses: int
    beside: bool
    """True if a person who shows a face has a card as well."""


OFFSETS = st.one_of(st.none(), st.integers(-120, 120))
WINDOWS = st.one_of(*[st.just((None, None))] * 3, st.tuples(OFFSETS, OFFSETS))
SPANS = st.builds(
    Span,
    st.lists(st.sampled_from(DAY_KINDS), min_size=1, max_size=8, unique=True).map(tuple),
    st.integers(0, 1439),
    st.integers(1, 1440),
)
POSTURES = st.sampled_from(Posture)
WITH_CARD = st.sets(st.sampled_from(Method), min_size=2).map(
    lambda some: tuple(some | {Method.CARD, Method.PIN})
)
MOSTLY = st.sampled_from((True, True, True, False))
WORLDS = st.builds(
    World,
    now=st.integers(-3000, 3000).map(lambda minutes: CLOCKS_GO_BACK + timedelta(minutes=minutes)),
    clock_sure=MOSTLY,
    age_days=st.sampled_from((0, 0, 29, 31)),
    exceptions=st.dictionaries(
        st.integers(-3, 3).map(lambda days: date(2026, 10, 25) + timedelta(days=days)),
        st.sampled_from(DAY_KINDS),
    ),
    spans=st.lists(SPANS, min_size=1, max_size=3).map(tuple),
    posture=st.sampled_from((*[Posture.NORMAL] * 6, *Posture)),
    scheduled=st.one_of(st.none(), st.none(), POSTURES),
    override=st.one_of(st.none(), st.none(), st.tuples(POSTURES, st.integers(-60, 60))),
    offered=WITH_CARD,
    offered_in_hours=st.sampled_from((False, False, True)),
    chosen=st.sampled_from(
        (tuple(Method), tuple(Method), (Method.CARD, Method.QR), (Method.PIN, Method.FACE))
    ),
    suspended=st.sampled_from((*[False] * 7, True)),
    shown=st.sampled_from(("card", "pin", "visitor_code", "qr", "face", "pass", "site_pass")),
    state=st.sampled_from((*[CredentialState.ACTIVE] * 4, *CredentialState)),
    valid=WINDOWS,
    used=st.integers(0, 2),
    second=st.integers(100, 103),
    last_second=st.integers(99, 103),
    grant_lane=st.sampled_from(("north-in", "north-in", "north-in", "south-in")),
    grant_in_hours=st.sampled_from((False, False, True)),
    grant_valid=WINDOWS,
    pass_withdrawn=st.sampled_from((*[False] * 5, True)),
    pass_gate=st.sampled_from((1, 1, 1, 2)),
    pass_uses=st.integers(0, 2),
    beside=MOSTLY,
)


def minutes_inside(world: World) -> set[datetime]:
    """Every wall-clock minute of the days around now that is inside the hours, one by one."""
    inside = set()
    today = world.now.astimezone(BERLIN).date()
    for day in (today - timedelta(days=1), today):
        kind = world.exceptions.get(day) or WEEKDAYS[day.weekday()]
        midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a wall clock has no zone
        for span in world.spans:
            length = (span.until_minute - span.from_minute - 1) % 1440 + 1
            if kind in span.days:
                inside |= {midnight + timedelta(minutes=span.from_minute + n) for n in range(length)}
    return inside


def model_opens(world: World) -> bool:
    """Say by the wording of the design alone whether the lane opens."""
    sure, now = world.clock_sure, world.now
    wall_minute = now.astimezone(BERLIN).replace(tzinfo=None, second=0, microsecond=0)
    in_hours = wall_minute in minutes_inside(world)
    shut = (Posture.LOCKDOWN, Posture.DISABLED)

    def in_window(window: tuple[int | None, int | None]) -> bool:
        start, end = window
        return (start is None or start <= 0) and (end is None or end > 0)

    posture = world.posture
    if world.scheduled is not None and sure and in_hours:
        posture = world.scheduled
    if world.override is not None:
        ordered, ends_in = world.override
        if (sure and ends_in > 0) or (not sure and ordered is not Posture.HELD_OPEN):
            posture = ordered
    method = {"visitor_code": "pin", "pass": "qr", "site_pass": "qr"}.get(world.shown, world.shown)
    is_pass = world.shown in ("pass", "site_pass")
    is_visit = is_pass or world.shown == "visitor_code"
    bound = (
        method in ("qr", "face")
        or (world.valid != (None, None) and not is_pass)
        or world.grant_in_hours
        or world.grant_valid != (None, None)
    )
    window = (world.valid[0] or -5, world.valid[1] or 5) if is_pass else world.valid
    needs = [
        posture not in shut,
        Method(method) in world.offered,
        not (world.offered_in_hours and method == "pin") or (sure and in_hours),
        world.state is CredentialState.ACTIVE or world.shown in ("face", "pass", "site_pass"),
        world.shown == "face" or window == (None, None) or (sure and in_window(window)),
        world.shown != "visitor_code" or world.used < 1,
        world.shown not in ("qr", "face") or sure,
        world.shown != "face" or (world.beside and Method.CARD in world.chosen),
        world.shown != "qr" or world.second > world.last_second,
        not (is_pass and world.pass_withdrawn),
        not is_pass or world.pass_uses == 0 or world.used < world.pass_uses,
        not is_pass or world.pass_gate == 1,
    ]
    if world.shown == "site_pass":
        return all([*needs, world.age_days <= MAX_AGE_DAYS])
    needs += [
        not world.suspended,
        is_visit or Method(method) in world.chosen,
        world.grant_lane == "north-in",
        world.grant_valid == (None, None) or (sure and in_window(world.grant_valid)),
        not world.grant_in_hours or (sure and in_hours),
        world.age_days <= MAX_AGE_DAYS or not (bound if world.shown != "face" else True),
    ]
    return all(needs)


def played(world: World) -> tuple[Claim, Policy, GateMemory]:
    """Make the real records and the real claim of the same world."""
    now = world.now

    def at(minutes: int | None) -> datetime | None:
        return None if minutes is None else now + timedelta(minutes=minutes)

    start, end = at(world.valid[0]), at(world.valid[1])
    grant = Grant(
        (world.grant_lane,),
        "hours-1" if world.grant_in_hours else None,
        at(world.grant_valid[0]),
        at(world.grant_valid[1]),
    )
    override = None
    if world.override is not None:
        override = PostureOverride(
            world.override[0], "guard", "drill", now + timedelta(minutes=world.override[1])
        )
    common = ("thing", PERSON, world.state, start, end)
    credentials: dict[str, Credential] = {
        "card": CardCredential(*common, tag=b"t" * 32),
        "pin": PinCredential(*common, home_id="home-1", tag=b"t" * 32),
        "visitor_code": VisitorCodeCredential(*common, home_id="home-1", tag=b"t" * 32, lanes=("north-in",)),
        "qr": QrCredential(*common),
    }
    credential = credentials.get(world.shown)
    beside = CardCredential("beside", PERSON, tag=b"b" * 32)
    parts: list[Record] = [
        lane(
            methods=world.offered,
            posture=world.posture,
            method_hours={Method.PIN: "hours-1"} if world.offered_in_hours else {},
            posture_hours={"hours-1": world.scheduled} if world.scheduled is not None else {},
            posture_override=override,
        ),
        HoursRecord("hours-1", "Hours", world.spans),
        person(methods=world.chosen, grants=(grant,), suspended=world.suspended),
        msgspec.convert({"exceptions": world.exceptions}, CalendarRecord),
        *([credential] if credential is not None else [beside] if world.beside else []),
        *([EndedPassRecord(PASS_ID, now + timedelta(days=9))] if world.pass_withdrawn else []),
    ]
    policy = policy_of(*parts, issued_at=now - timedelta(days=world.age_days))
    is_pass = world.shown in ("pass", "site_pass")
    visitor_pass = VisitorPass(
        PASS_ID,
        SITE_ITSELF if world.shown == "site_pass" else PERSON,
        (world.pass_gate,),
        now + timedelta(minutes=world.valid[0] or -5),
        now + timedelta(minutes=world.valid[1] or 5),
        world.pass_uses,
    )
    method = {"visitor_code": "pin", "pass": "qr", "site_pass": "qr"}.get(world.shown, world.shown)
    claim = Claim(
        Method(method),
        None if world.shown == "site_pass" else PERSON,
        credential,
        visitor_pass if is_pass else None,
        world.second if world.shown == "qr" else None,
    )
    memory = GateMemory(
        world.clock_sure, {"thing": world.used, PASS_ID: world.used}, {"thing": world.last_second}
    )
    return claim, policy, memory
