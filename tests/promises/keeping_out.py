"""Acts of a landlord that come to the same as a suspension: they leave a resident without a way home.

Each door is a way to change what gates do for one resident or for all; a number, the shape, chooses how.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from gate_controller.contract.calendars import Span
from tests.support.acting import add_lane, by_phone, household
from tests.support.compounds.access_reviews import URL, cards_were_used_last, close_now
from tests.web_admin.people_import.read_in import read_in
from web_admin.access_review.actions import ask, begin_round, keep, mark_of, suspend
from web_admin.access_review.models import ReviewRow
from web_admin.access_review.queries import all_rows, open_round
from web_admin.access_review.suspending import Stop
from web_admin.action.base import Action
from web_admin.action.suspension_reasons import Cause
from web_admin.compound.models import Lane, Person
from web_admin.credentials.actions import end_credential, suspend_credential
from web_admin.credentials.cards import issue_card
from web_admin.credentials.pins import issue_pin
from web_admin.gates.actions import save_lane
from web_admin.gates.hours import save_hours, set_calendar_day
from web_admin.gates.orders import lockdown_site, mark_gate, set_override
from web_admin.gates.rules import spec_of
from web_admin.gates.schedules import set_schedule
from web_admin.people.actions import GrantSpec, set_grants
from web_admin.people.bulk_actions import grant_hours, suspend_people, undo_bulk_act
from web_admin.people.suspensions import suspend_person

LANES = ("north-in", "south-in")
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
    """A compound with two gates, and a resident with two cards and a PIN whose rights are bound to hours."""

    act: Action
    person: Person
    hours_id: str
    card_number: int = 5_100_000

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
        )


def a_home(act: Action) -> Home:
    """Return a compound in which a resident comes and goes."""
    for gate_id in ("north", "south"):
        add_lane(act, gate_id, ("card", "pin"))
    _, person = household(act)
    hours = save_hours(act, None, "all", ALWAYS)
    issue_card(act, person.person_id, 5_000_000)
    issue_pin(act, person.person_id)
    set_grants(act, person.person_id, [GrantSpec(LANES, hours.hours_id)])
    return Home(act, person, hours.hours_id)


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
    "grants": lambda home, act, shape: set_grants(act, _who(home), home.grants[shape % 7]),
    "hours": lambda home, act, shape: save_hours(act, home.hours_id, "all", SPANS[shape % 5]),
    "calendar": lambda _home, act, shape: set_calendar_day(
        act, act.now.date() + timedelta(days=shape), "holiday"
    ),
    "schedule": lambda _home, act, shape: _schedule(act, shape),
    "lane": lambda _home, act, shape: _other_ways(act, shape),
    "gate": lambda _home, act, shape: mark_gate(act, ("north", "south")[shape % 2], "retired"),
    "end": lambda home, act, shape: end_credential(act, home.card(shape), act.because or "unpaid"),
    "suspend": lambda home, act, shape: suspend_credential(act, home.card(shape)),
    "page": lambda home, act, _shape: suspend_person(
        act, _who(home), Cause("moved_out", until=act.now + timedelta(days=5))
    ),
    "order": lambda _home, act, shape: set_override(
        act,
        LANES[shape % 2],
        ("lockdown", "disabled")[shape % 2],
        "drill",
        act.now + timedelta(days=(20, 9, 5)[shape % 3]),
    ),
    "lockdown": lambda _home, act, shape: lockdown_site(
        act, "drill", act.now + timedelta(days=(4, 10)[shape % 2])
    ),
    "owner": lambda home, act, shape: suspend_credential(by_phone(act, _who(home)), home.card(shape)),
    "card": lambda home, act, _shape: _more_cards(home, act),
    "interface": lambda home, act, shape: end_credential(_system(act), home.card(shape), "lost"),
    "interface_suspends": lambda home, act, shape: suspend_credential(_system(act), home.card(shape), "lost"),
    "list": lambda home, act, _shape: suspend_people(act, [_who(home)], "moved_out"),
    "list_undone": lambda home, act, _shape: _undone(act, _who(home)),
    "import": lambda home, act, _shape: _imported(home, act),
    "review": _reviewed,
    "review_unanswered": _left_unanswered,
}
"""A landlord's acts, by their doors."""
OWN = frozenset({"owner"})
"""Done by the resident."""
NEVER = frozenset({"interface", "interface_suspends", "list", "import", "review", "review_unanswered"})
"""Other systems and lists: these keep no one out, whatever the reason."""
GIVES_FIRST = frozenset({"list_undone"})
"""Two acts: what the second takes, the first has given."""
HAS_A_REASON = frozenset({"page", "suspend", "gate", "review"})
"""Its own reason is on the button."""


def _schedule(act: Action, shape: int) -> None:
    shut = save_hours(act, None, "shut", SPANS[shape % 5])
    set_schedule(act, LANES[shape % 2], shut.hours_id, ("lockdown", "disabled", "held_open")[shape % 3])


def _other_ways(act: Action, shape: int) -> None:
    lane = act.session.get_one(Lane, LANES[shape % 2])
    methods = (("qr",), ("pin",), ("card", "pin"))[shape % 3]
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
