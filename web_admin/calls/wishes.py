"""Change how a home is called: whether, in which order, when not, from which gates, and what couriers do.

`member` is an adult who may act for the home (`people/members.member_who_may`). Every wish is the home's: any
of its adults changes it, and the ledger says who did.
"""

import unicodedata
from collections.abc import Collection, Sequence
from datetime import datetime

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from web_admin.action.base import Action, begin, record
from web_admin.calls.labels import is_label, names_someone
from web_admin.calls.models import HomeCallPerson, HomeCallWishes
from web_admin.calls.reach import CALLED_KINDS, called_persons
from web_admin.calls.rules import FIRST_REACH, STEPS
from web_admin.compound.models import Gate, Person
from web_admin.core.refusal import ActionRefused

COURIERS = ("ask", "by_day", "guard")
FIRST_QUIET = (22 * 60, 7 * 60)
"""Minutes of the day between which no call comes until the home chooses others."""
MAX_LABEL_CHARS = 20
"""As the gate's screen shows it in one line."""


def switch_calls(act: Action, member: Person, *, on: bool) -> None:
    """Let gates call a home, or let them call it no more; what it wished besides stays."""
    _changed(act, member, "on" if on else "off").takes_calls = on


def choose_reach(act: Action, member: Person, first: Sequence[str], *, guard: bool) -> None:
    """Keep in which order a home is reached, and whether the guard is called when it does not answer."""
    reach = [*first, *(["guard"] if guard else [])]
    if not first or len(set(reach)) != len(reach) or set(reach) - set(STEPS):
        raise ActionRefused("first", _("Choose one of the offered values."))
    _changed(act, member, "reach").reach = reach


def choose_quiet_hours(act: Action, member: Person, hours: tuple[int, int] | None) -> None:
    """Keep between which minutes of the day no call comes; None for at no time."""
    if hours is not None and hours[0] == hours[1]:
        raise ActionRefused("quiet_until", _("Choose an end that differs from the beginning."))
    wishes = _changed(act, member, "quiet_hours")
    wishes.quiet_from, wishes.quiet_until = hours or (None, None)


def do_not_disturb(act: Action, member: Person, until: datetime | None) -> None:
    """Keep calls away until then; None for calls from now on."""
    _changed(act, member, "do_not_disturb").dnd_until = until


def choose_blocked_gates(
    act: Action, member: Person, gate_ids: Collection[str], *, shown: Collection[str]
) -> None:
    """Keep from which of the gates shown to a member a home is not called; the others stay as they are."""
    of_site = set(act.session.scalars(select(Gate.gate_id).where(Gate.site_id == act.site_id)))
    wishes = _changed(act, member, "gates")
    others = set(wishes.blocked_gates) - set(shown)
    wishes.blocked_gates = sorted(of_site & (others | set(gate_ids)))


def choose_courier(act: Action, member: Person, courier: str) -> None:
    """Keep what happens when a courier names the home; by day they come in by this member's right."""
    if courier not in COURIERS:
        raise ActionRefused("courier", _("Choose one of the offered values."))
    wishes = _changed(act, member, "courier")
    wishes.courier = courier
    wishes.courier_by = member.person_id if courier == "by_day" else None


def choose_label(act: Action, member: Person, label: str) -> None:
    """Keep under which words gates list a home; none take it off the list."""
    words = " ".join(unicodedata.normalize("NFC", label).split())
    if len(words) > MAX_LABEL_CHARS or (words and not is_label(words)):
        raise ActionRefused("label", _("At most 20 letters, digits and signs such as - . , ( ) &."))
    of_home = select(Person.display_name).where(Person.home_id == _home(member), Person.ended_at.is_(None))
    if names_someone(words, act.session.scalars(of_home)):
        raise ActionRefused(
            "label", _("This is someone's name, and anyone at the gate reads it. Choose other words.")
        )
    _changed(act, member, "label").directory_label = words or None


def choose_called(act: Action, member: Person, person_ids: Collection[str]) -> None:
    """Keep who of a home is called, in the order that they have."""
    people = {one.person_id: one for one in _people(act, member)}
    chosen = [one for one in people if one in set(person_ids)]
    if not chosen:
        raise ActionRefused("people", _("Choose at least one person, or switch calls off."))
    _changed(act, member, "people")
    before = called_persons(act.session, _home(member))
    in_order = [one for one in before if one in chosen] + [one for one in chosen if one not in before]
    _place(act, member, in_order, [one for one in people if one not in chosen])


def call_earlier(act: Action, member: Person, person_id: str) -> None:
    """Let a person be called one place earlier; the first one stays so."""
    _changed(act, member, "order")
    called = called_persons(act.session, _home(member))
    if person_id in called[1:]:
        place = called.index(person_id)
        called[place - 1 : place + 1] = [person_id, called[place - 1]]
    _place(act, member, called, [])


def may_be_called(act: Action, home_id: str) -> list[Person]:
    """Return the people of a home who can be called, those who are first, in their order."""
    people = list(
        act.session.scalars(
            select(Person)
            .where(Person.home_id == home_id, Person.ended_at.is_(None), Person.kind.in_(CALLED_KINDS))
            .order_by(Person.created_at, Person.person_id)
        )
    )
    called = called_persons(act.session, home_id)
    places = {person_id: place for place, person_id in enumerate(called)}
    return sorted(people, key=lambda one: places.get(one.person_id, len(called)))


def _people(act: Action, member: Person) -> list[Person]:
    return may_be_called(act, _home(member))


def _place(act: Action, member: Person, called: Sequence[str], others: Sequence[str]) -> None:
    for place, person_id in enumerate([*called, *others]):
        row = act.session.get(HomeCallPerson, person_id)
        if row is None:
            row = HomeCallPerson(person_id=person_id)
            act.session.add(row)
        row.home_id, row.is_called, row.position = _home(member), place < len(called), place
    act.session.flush()


def _home(member: Person) -> str:
    if member.home_id is None:
        raise ActionRefused(None, _("Only people who live in a home see it here."))
    return member.home_id


def _changed(act: Action, member: Person, what: str) -> HomeCallWishes:
    """Return the wishes of a member's home, locked and noted as changed by them in this."""
    person_id = member.person_id
    begin(act)
    home_id = _home(act.session.get_one(Person, person_id))
    wishes = act.session.get(HomeCallWishes, home_id)
    if wishes is None:
        wishes = HomeCallWishes(home_id=home_id, site_id=act.site_id)
        wishes.takes_calls, wishes.reach, wishes.blocked_gates = False, list(FIRST_REACH), []
        wishes.quiet_from, wishes.quiet_until = FIRST_QUIET
        act.session.add(wishes)
    wishes.changed_at, wishes.changed_by = act.now, person_id
    record(act, "home_call_wishes_changed", {"home_id": home_id, "what": what}, person_id=person_id)
    return wishes
