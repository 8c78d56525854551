"""Decide who may end which suspension: one table, without a database.

Suspending is for everybody: it opens nothing. Ending a suspension opens a gate again, so it takes the
party that suspended, or the property office. A guard suspends for the office and ends only what guards
suspended.
Several may have suspended the same thing; then it stays suspended until each is ended by a party that may.
"""

from collections.abc import Mapping
from typing import Literal, get_args

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from web_admin.action.base import Action
from web_admin.core.refusal import ActionRefused

Party = Literal["owner", "home", "guard", "office"]
PARTIES: tuple[Party, ...] = get_args(Party)

MAY_END: Mapping[Party, frozenset[Party]] = {
    "owner": frozenset({"owner", "office"}),
    "home": frozenset({"home", "office"}),
    "guard": frozenset({"guard", "office"}),
    "office": frozenset({"office"}),
}
"""By who suspended: who may end it."""

_ASK: Mapping[Party, LazyString] = {
    "owner": _("Its owner suspended this. They resume it, or the property manager does."),
    "home": _("An adult of the home suspended this. They resume it, or the property manager does."),
    "guard": _("A guard suspended this. A guard or the property manager resumes it."),
    "office": _("The property office suspended this. Ask the property manager."),
}


def party_of(act: Action) -> Party:
    """Return the party of an actor; at the desk it is the person served."""
    if act.served is not None or act.channel in ("phone", "gate"):
        return "owner"
    if act.channel == "home":
        return "home"
    return "guard" if act.role == "guard" else "office"


def with_party(suspended_by: str, party: Party, *, is_suspended: bool) -> str:
    """Return who suspended something, with one more; words apart by blanks, in a fixed order.

    What is suspended without a recorded party (a restore holds it back) is the office's and stays so: else
    suspending it once more would let the newcomer end it.
    """
    all_of_them = {*_known(suspended_by if suspended_by or not is_suspended else PARTIES[-1]), party}
    return " ".join(one for one in PARTIES if one in all_of_them)


def _known(suspended_by: str) -> tuple[Party, ...]:
    return tuple(one for one in PARTIES if one in suspended_by.split())


def in_the_way(suspended_by: str, *parties: Party) -> Party | None:
    """Return whose suspension none of these parties may end, None where one of them may end each.

    A suspension without a recorded party is the office's.
    """
    known = _known(suspended_by) or PARTIES[-1:]
    left = [one for one in known if MAY_END[one].isdisjoint(parties)]
    return left[-1] if left else None


def whom_to_ask(party: Party) -> LazyString:
    """Return the sentence that says who ends a suspension of this party."""
    return _ASK[party]


def why_it_stays(act: Action, suspended_by: str) -> LazyString | None:
    """Return whom to ask where this action's party may not end a suspension, None where it may."""
    other = in_the_way(suspended_by, party_of(act))
    return _ASK[other] if other is not None else None


def refuse_ending(act: Action, suspended_by: str, field: str) -> None:
    """Raise ActionRefused where this action's party may not end this suspension."""
    why = why_it_stays(act, suspended_by)
    if why is not None:
        raise ActionRefused(field, why)
