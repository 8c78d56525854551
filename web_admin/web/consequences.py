"""Say in sentences what an act changes for people, as every page and message about it does."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import ngettext

from gate_controller.contract.records import LaneRecord
from web_admin.access.comparison import Comparison
from web_admin.access.lock_outs import kept_out
from web_admin.access.losses import Effect, Kind, effects_of
from web_admin.access.never import newly_never
from web_admin.access.sent import Sent
from web_admin.compound.gate_names import gate_and_lane
from web_admin.compound.queries import persons_by_id
from web_admin.core.database import request_session
from web_admin.later.rules import Loss
from web_admin.web.places import site_gates
from web_admin.web.site import site_zone
from web_admin.web.times import local_date
from web_admin.web.week_words import week_words

SHOWN = 3
"""Lanes and names that a sentence has, and sentences that a page has at once; the others open below."""
NAMED = 60
KEPT_OUT = "kept_out"
"""The kind of the loss of people who are left without a way in, or hardly one."""


@dataclass(frozen=True, slots=True)
class Week:
    """The effects of an act within one week; the first one begins now."""

    begins: datetime
    is_first: bool
    effects: tuple[Effect, ...]


@dataclass(frozen=True, slots=True)
class Foreseen:
    """The effects of an act, in the weeks in which they are felt."""

    weeks: tuple[Week, ...]
    lanes: Mapping[str, LaneRecord]
    never: tuple[str, ...] = ()
    """Names of hours that it changes or newly uses, and that never occur."""

    @property
    def effects(self) -> Iterator[Effect]:
        return (effect for week in self.weeks for effect in week.effects)

    @property
    def is_to_be_read(self) -> bool:
        """Return whether anyone loses anything, or someone meant hours that never occur."""
        return bool(self.never) or any(effect.is_loss for effect in self.effects)


@dataclass(frozen=True, slots=True)
class Names:
    """Names in a row: as many as are shown at once, and all of them where that is more."""

    short: str
    whole: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence, and below it the lanes that it leaves out and its people for those who may see them."""

    text: str
    is_loss: bool
    lists: Sequence[Names] = ()


def foresee(of: Comparison) -> Foreseen:
    """Return what changes for people where gates are sent what is after in place of what is before.

    What a later week repeats of an earlier one is said once.
    """
    lanes = _lanes(of.before) | _lanes(of.after)
    directions = {lane_id: lane.direction for lane_id, lane in lanes.items()}
    weeks: list[Week] = []
    for difference in of.weeks:
        found = effects_of(difference, directions, site_zone())
        known = {effect for week in weeks for effect in week.effects}
        effects = tuple(effect for effect in found if effect not in known)
        if any(effect.kind is not Kind.NO_FACE_ALONE for effect in effects):
            weeks.append(Week(difference.begins, difference.begins == of.now, effects))
    return Foreseen(tuple(weeks), lanes, newly_never(of.before, of.after, of.now))


def losses_of(of: Comparison, foreseen: Foreseen) -> tuple[Loss, ...]:
    """Return what an act takes, where and from whom, and whom it leaves without a way in, or hardly one."""
    losses = [
        Loss(effect.kind, effect.lane_ids, effect.person_ids) for effect in foreseen.effects if effect.is_loss
    ]
    outside = kept_out(of)
    return (*losses, Loss(KEPT_OUT, (), outside)) if outside else tuple(losses)


def _lanes(sent: Sent) -> dict[str, LaneRecord]:
    return {
        lane_id: lane for part in sent.parts for gate in part.gates for lane_id, lane in gate.lanes.items()
    }


def heading(week: Week, *, is_planned: bool = False) -> str:
    """Return within which days the sentences of a week are so; the first one of a planned act is not now."""
    if week.is_first and not is_planned:
        return str(_("Within the next seven days"))
    return str(_("Within the seven days from %(day)s", day=local_date(week.begins)))


def lines_of(foreseen: Foreseen, week: Week, *, names_people: bool) -> list[Line]:
    """Return the sentences of a week, losses first."""
    words = _Words(foreseen)
    named = _People(week) if names_people else None
    lines = []
    for effect in week.effects:
        lists = [_in_a_row(words.others(effect))]
        if named is not None and effect.is_loss:
            lists.append(_in_a_row(*named.of(effect), of_people=True))
        lines.append(Line(words.sentence(effect), effect.is_loss, [one for one in lists if one is not None]))
    return lines


def _in_a_row(names: Sequence[str], more: int = 0, *, of_people: bool = False) -> Names | None:
    """Return names with commas, of which `more` are not known by name; None for none."""
    if not names:
        return None
    short = _shortened(names[:SHOWN], len(names[SHOWN:]) + more, of_people=of_people)
    if len(names) + more <= SHOWN:
        return Names(short)
    return Names(short, _shortened(names, more, of_people=of_people))


def _shortened(names: Sequence[str], more: int, *, of_people: bool = False) -> str:
    shown = str(_(", ").join(names))
    if more <= 0:
        return shown
    if of_people:
        return str(
            ngettext(
                "%(names)s and %(num)d other person", "%(names)s and %(num)d other people", more, names=shown
            )
        )
    return str(ngettext("%(names)s and %(num)d more", "%(names)s and %(num)d more", more, names=shown))


class _People:
    """Names of people who lose something."""

    def __init__(self, week: Week) -> None:
        ids = {one for effect in week.effects if effect.is_loss for one in sorted(effect.person_ids)[:NAMED]}
        self._people = persons_by_id(request_session(), ids)

    def of(self, effect: Effect) -> tuple[Sequence[str], int]:
        """Return the names of an effect's people in order, and how many more there are."""
        known = (self._people.get(one) for one in sorted(effect.person_ids)[:NAMED])
        names = sorted(person.display_name or _("Name erased") for person in known if person is not None)
        return names, len(effect.person_ids) - len(names)


class _Words:
    """Words for effects; a lane is called by its gate where that has no other in its direction."""

    def __init__(self, foreseen: Foreseen) -> None:
        gates = {gate.gate_id: gate.name for gate in site_gates()}
        beside: dict[tuple[str, str], int] = {}
        for lane in foreseen.lanes.values():
            at = lane.gate_id, lane.direction
            beside[at] = beside.get(at, 0) + 1
        self._names = {}
        for lane_id, lane in foreseen.lanes.items():
            gate = gates.get(lane.gate_id, lane.gate_id)
            is_alone = beside[lane.gate_id, lane.direction] == 1
            self._names[lane_id] = gate if is_alone else gate_and_lane(gate, lane.name)

    def others(self, effect: Effect) -> Sequence[str]:
        """Return the lanes that the sentence leaves out."""
        return [self._names[lane_id] for lane_id in effect.lane_ids[SHOWN:]]

    def sentence(self, effect: Effect) -> str:
        count = len(effect.person_ids)
        if effect.kind is Kind.NO_WAY_IN:
            return str(
                ngettext(
                    "%(num)d person is left with no way in at all.",
                    "%(num)d people are left with no way in at all.",
                    count,
                )
            )
        if effect.kind is Kind.FACE_ALONE:
            return str(
                ngettext(
                    "%(num)d person is left with their face alone, which no gate accepts.",
                    "%(num)d people are left with their face alone, which no gate accepts.",
                    count,
                )
            )
        if effect.kind is Kind.NO_FACE_ALONE:
            return str(_("No one is left with their face alone."))
        if effect.kind in (Kind.FEWER_WAYS, Kind.MORE_WAYS):
            return self._of_ways(effect)
        return self._of_lanes(effect, count)

    def _of_ways(self, effect: Effect) -> str:
        before, after = effect.ways
        if effect.kind is Kind.FEWER_WAYS:
            return str(
                _(
                    "Ways besides face at %(lanes)s fall from %(before)s to %(after)s.",
                    lanes=self._lanes(effect),
                    before=before,
                    after=after,
                )
            )
        return str(
            _(
                "Ways besides face at %(lanes)s rise from %(before)s to %(after)s.",
                lanes=self._lanes(effect),
                before=before,
                after=after,
            )
        )

    def _of_lanes(self, effect: Effect, count: int) -> str:
        lanes, when = self._lanes(effect), week_words(effect.when)
        if effect.kind is Kind.VISITORS:
            what = ngettext(
                "Visitors of %(num)d person can no longer pass %(lanes)s",
                "Visitors of %(num)d people can no longer pass %(lanes)s",
                count,
                lanes=lanes,
            )
        elif effect.kind is Kind.LOST and effect.direction == "in":
            what = ngettext(
                "%(num)d person can no longer enter by %(lanes)s",
                "%(num)d people can no longer enter by %(lanes)s",
                count,
                lanes=lanes,
            )
        elif effect.kind is Kind.LOST:
            what = ngettext(
                "%(num)d person can no longer leave by %(lanes)s",
                "%(num)d people can no longer leave by %(lanes)s",
                count,
                lanes=lanes,
            )
        elif effect.direction == "in":
            what = ngettext(
                "%(num)d person can newly enter by %(lanes)s",
                "%(num)d people can newly enter by %(lanes)s",
                count,
                lanes=lanes,
            )
        else:
            what = ngettext(
                "%(num)d person can newly leave by %(lanes)s",
                "%(num)d people can newly leave by %(lanes)s",
                count,
                lanes=lanes,
            )
        return str(_("%(what)s %(when)s.", what=what, when=when) if when else _("%(what)s.", what=what))

    def _lanes(self, effect: Effect) -> str:
        names = [self._names[lane_id] for lane_id in effect.lane_ids]
        return _shortened(names[:SHOWN], len(names) - SHOWN)
