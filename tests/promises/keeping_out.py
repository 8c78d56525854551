"""Acts of a landlord that come to the same as a suspension: they leave a resident without a way home.

Each door is a way to change what gates do for one resident or for all; a number, the shape, chooses how.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from sqlalchemy import select

from gate_controller.contract.calendars import Span
from gate_controller.contract.journal_chain import GENESIS, chain_entry
from tests.support.acting import add_lane, by_phone, household
from tests.support.compounds.access_reviews import URL, cards_were_used_last, close_now
from tests.web_admin.action.kept_out import hand_out_new_pins
from tests.web_admin.people_import.read_in import read_in
from web_admin.access_review.actions import ask, begin_round, keep, mark_of, suspend
from web_admin.access_review.models import ReviewRow
from web_admin.access_review.queries import all_rows, open_round
from web_admin.access_review.suspending import Stop
from web_admin.action.base import Action
from web_admin.action.suspension_reasons import Cause
from web_admin.compound.models import CredentialRow, Lane, Person
from web_admin.credentials.actions import end_credential, suspend_credential
from web_admin.credentials.cards import issue_card
from web_admin.credentials.phones import ensure_online_qr
from web_admin.credentials.pins import issue_pin
from web_admin.gates.actions import save_lane
from web_admin.gates.hours import save_hours, set_calendar_day
from web_admin.gates.orders import lockdown_site, mark_gate, set_override
from web_admin.gates.places import save_place, sort_gates
from web_admin.gates.rules import spec_of
from web_admin.gates.schedules import set_schedule
from web_admin.messages.subscription_models import NotificationSubscription
from web_admin.people.actions import GrantSpec, set_grants
from web_admin.people.bulk_actions import grant_hours, suspend_people, undo_bulk_act
from web_admin.people.gate_verification import verify_by_gate_events
from web_admin.people.invitations import accept_invitation, invite
from web_admin.people.suspensions import suspend_person

LANES = ("north-in", "south-in", "three-in", "four-in", "gym-in")
"""Two outer gates, the doors of the resident's building and of another one, and a room that all share."""
WAY_HOME = ("north-in", "three-in")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ALWAYS = (Span((*DAYS, "holiday"), 0, 1440),)
SPANS = (
    (Span(("mon",), 180, 220),),  # one moment of those at which `coming_home` looks
    (Span(("holiday",), 0, 1440),),
    (Span((*DAYS, "holiday"), 0, 60),),
    ALWAYS,
    (Span(DAYS, 360, 1440),),
)


@dataclass
class Home:
    """A compound with five gates, and a resident of building 3 with a card and a PIN, bound to hours.

    `in_hand` is what the resident has, as the test knows it: what they made themselves, and what they took.
    """

    act: Action
    person: Person
    hours_id: str
    card_number: int = 5_100_000
    in_hand: set[str] = field(default_factory=set)
    invitation: str = ""

    def card(self, which: int) -> str:
        """Return one of the credentials that the resident holds or held, the PIN too."""
        own = sorted(self.person.credentials, key=lambda row: (row.created_at, row.credential_id))
        return own[which % len(own)].credential_id

    @property
    def grants(self) -> tuple[tuple[GrantSpec, ...], ...]:
        """Return rights that a landlord may think of, from none to all."""
        soon, later = (self.act.now + timedelta(days=days) for days in (2, 30))
        return (
            (),
            (GrantSpec(("south-in",)),),
            (GrantSpec(LANES, valid_until=soon),),
            (GrantSpec(LANES, valid_until=later),),
            (GrantSpec(LANES, valid_from=later),),
            (GrantSpec(LANES, self.hours_id),),
            (GrantSpec(LANES),),
            (GrantSpec(("north-in", "south-in", "four-in", "gym-in")),),
            (GrantSpec(("four-in", "gym-in")),),
            (GrantSpec(WAY_HOME),),
            (GrantSpec(("south-in", "gym-in")), GrantSpec(WAY_HOME, self.hours_id)),
            (GrantSpec(("three-in", "gym-in")),),
        )


def a_home(act: Action) -> Home:
    """Return a compound in which a resident comes and goes."""
    for gate_id in ("north", "south", "three", "four", "gym"):
        add_lane(act, gate_id)
    for gate_id, code in (("three", "3"), ("four", "4")):
        sort_gates(act, {gate_id: save_place(act, None, kind="building", name=gate_id, code=code).place_id})
    _, person = household(act)
    person.methods = ["card", "pin", "qr"]
    act.session.add(
        NotificationSubscription(
            person_id=person.person_id,
            channel="mail",
            address="lin@example.org",
            kinds=["card_stopped"],
            confirmed_at=act.now,
        )
    )
    hours = save_hours(act, None, "all", ALWAYS)
    home = Home(act, person, hours.hours_id)
    issue_card(act, person.person_id, 5_000_000)
    _taken(home, act)
    _own_pin(home, act)
    set_grants(act, person.person_id, [GrantSpec(LANES, hours.hours_id)])
    return home


def _taken(home: Home, act: Action) -> None:
    """Give the resident what lies at the office: they open a gate with each thing that opens one."""
    for row in _live(home, act):
        if row.kind != "qr" or row.printed:
            _used(home, act, row)


def _used(home: Home, act: Action, row: CredentialRow) -> None:
    facts = {"lane_id": "north-in", "method": row.kind, "opens": True, "reason": "granted"}
    personal = {"person_id": row.person_id, "credential_id": row.credential_id}
    entry = chain_entry(GENESIS, 1, act.now, "access", facts, personal)
    verify_by_gate_events(replace(act, channel="gate"), [entry])
    home.in_hand.add(row.credential_id)


def _live(home: Home, act: Action) -> Sequence[CredentialRow]:
    rows = select(CredentialRow).where(
        CredentialRow.person_id == home.person.person_id, CredentialRow.state == "active"
    )
    return act.session.scalars(rows).all()


def _own_pin(home: Home, act: Action) -> None:
    issue_pin(by_phone(act, home.person.person_id), home.person.person_id)
    home.in_hand |= {row.credential_id for row in _live(home, act) if row.kind == "pin"}


def _invited(home: Home, act: Action) -> None:
    home.invitation = invite(act, home.person.person_id)


def _page_opened(home: Home, act: Action, *, is_used: bool) -> None:
    """Open the phone page with the newest invitation; the resident may show its code at a gate."""
    accept_invitation(act.session, act.sealer, home.invitation, act.now)
    code = ensure_online_qr(by_phone(act, home.person.person_id), home.person.person_id)
    if is_used:
        _used(home, act, code)


def _system(act: Action) -> Action:
    return replace(act, channel="api", actor_id="key:fees")


def _who(home: Home) -> str:
    return home.person.person_id


def _in_review(home: Home, act: Action) -> list[ReviewRow]:
    """Return the rows about the resident's cards in the access review; begin one where none runs."""
    if open_round(act.session, act.site_id) is None:
        cards_were_used_last(act.session, act)
        begin_round(act, URL)
    running = open_round(act.session, act.site_id)
    assert running is not None
    rows = all_rows(act.session, running.round_id)
    return [row for row in rows if row.person_id == _who(home) and row.kind == "card" and not row.decision]


def _reviewed(home: Home, act: Action, shape: int) -> None:
    rows = _in_review(home, act)
    if not rows:
        close_now(act)
        return
    row = rows[shape % len(rows)]
    if shape % 4 == 0:
        keep(act, row.row_id, mark_of(row))
    elif shape % 4 == 1:
        ask(act, row.row_id, mark_of(row), URL)
    else:
        suspend(act, row.row_id, mark_of(row), Stop(act.because or "returned"))


def _left_unanswered(home: Home, act: Action, shape: int) -> None:
    for row in _in_review(home, act)[: shape % 3]:
        ask(act, row.row_id, mark_of(row), URL)
    close_now(replace(act, now=act.now + timedelta(days=20)))


DOORS: Mapping[str, Callable[[Home, Action, int], object]] = {
    "grants": lambda home, act, shape: set_grants(act, _who(home), home.grants[shape % 12]),
    "hours": lambda home, act, shape: save_hours(act, home.hours_id, "all", SPANS[shape % 5]),
    "calendar": lambda _home, act, shape: set_calendar_day(
        act, act.now.date() + timedelta(days=shape), "holiday"
    ),
    "schedule": lambda _home, act, shape: _schedule(act, shape),
    "lane": lambda _home, act, shape: _other_ways(act, shape),
    "gate": lambda _home, act, shape: mark_gate(act, ("north", "south", "three")[shape % 3], "retired"),
    "end": lambda home, act, shape: end_credential(act, home.card(shape), act.because or "unpaid"),
    "suspend": lambda home, act, shape: suspend_credential(act, home.card(shape)),
    "page": lambda home, act, _shape: suspend_person(
        act, _who(home), Cause("moved_out", until=act.now + timedelta(days=5))
    ),
    "order": lambda _home, act, shape: set_override(
        act,
        LANES[shape % 3],
        ("lockdown", "disabled")[shape % 2],
        "drill",
        act.now + timedelta(days=(20, 9, 5)[shape % 3]),
    ),
    "lockdown": lambda _home, act, shape: lockdown_site(
        act, "drill", act.now + timedelta(days=(4, 10)[shape % 2])
    ),
    "owner": lambda home, act, shape: suspend_credential(by_phone(act, _who(home)), home.card(shape)),
    "card": lambda home, act, _shape: _more_cards(home, act),
    "taken": lambda home, act, _shape: _taken(home, act),
    "own_pin": lambda home, act, _shape: _own_pin(home, act),
    "pin": lambda home, act, _shape: issue_pin(act, _who(home)),
    "pins": lambda _home, act, _shape: hand_out_new_pins(act, "3"),
    "invite": lambda home, act, _shape: _invited(home, act),
    "page_opened": lambda home, act, shape: _page_opened(home, act, is_used=bool(shape % 3)),
    "guard": lambda home, act, shape: suspend_credential(replace(act, role="guard"), home.card(shape)),
    "interface_gives": lambda home, act, _shape: _more_cards(home, _system(act)),
    "interface": lambda home, act, shape: end_credential(_system(act), home.card(shape), "lost"),
    "interface_suspends": lambda home, act, shape: suspend_credential(_system(act), home.card(shape), "lost"),
    "list": lambda home, act, _shape: suspend_people(act, [_who(home)], "moved_out"),
    "list_undone": lambda home, act, _shape: _undone(act, _who(home)),
    "import": lambda home, act, _shape: _imported(home, act),
    "review": _reviewed,
    "review_unanswered": _left_unanswered,
}
"""A landlord's acts, by their doors."""
OWN = frozenset({"owner", "own_pin"})
"""Done by the resident."""
NEVER = frozenset(
    {"interface", "interface_gives", "interface_suspends", "list", "import", "review", "review_unanswered"}
)
"""Other systems and lists: these keep no one out, whatever the reason."""
GIVES_FIRST = frozenset({"list_undone"})
"""Two acts: what the second takes, the first has given."""
HAS_A_REASON = frozenset({"page", "suspend", "guard", "gate", "review"})
"""Its own reason is on the button."""


def _schedule(act: Action, shape: int) -> None:
    shut = save_hours(act, None, "shut", SPANS[shape % 5])
    set_schedule(act, LANES[shape % 3], shut.hours_id, ("lockdown", "disabled", "held_open")[shape % 3])


def _other_ways(act: Action, shape: int) -> None:
    lane = act.session.get_one(Lane, LANES[shape % 3])
    methods = (("card",), ("card", "qr"), ("card", "pin"), ("pin",))[shape % 4]
    save_lane(act, lane.gate_id, replace(spec_of(lane), methods=methods))


def _more_cards(home: Home, act: Action) -> None:
    home.card_number += 1
    issue_card(act, home.person.person_id, home.card_number)


def _imported(home: Home, act: Action) -> None:
    home.card_number += 1
    read_in(act, f"home,name,card\n3-1203,Lin,{home.card_number}\n")


def _undone(act: Action, who: str) -> None:
    done = grant_hours(act, [who], GrantSpec(LANES))
    undo_bulk_act(act, done.seq)
