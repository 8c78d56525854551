"""Say what came of an act on the bench page, from the lane's relay and the gate's own journal."""

import time
from dataclasses import dataclass, field

from demo.bench.journal_words import line_of
from demo.bench.texts import TEXTS, device_name
from demo.rig.gate_ends import GateEnds
from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.journal_chain import JournalEntry

LOOK_EVERY_SECONDS = 0.05
MOST_ENTRIES = 50
"""More than one act makes a gate write."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The sentence of the page after an act; `offer` is the next act, with its button's text in `label`."""

    said: str
    opened: bool = False
    label: str = ""
    offer: dict[str, str] = field(default_factory=dict)


class Watch:
    """One lane of a gate, or the whole gate where `lane_id` is empty, from the moment before an act."""

    def __init__(self, ends: GateEnds, lane_id: str) -> None:
        """Remember where the journal ends, and when."""
        self._ends = ends
        self._lane_id = lane_id
        self._last_seq = max((entry.seq for entry in ends.newest_entries(1)), default=0)
        self.began_ns = time.monotonic_ns()

    def answer(self, language: str, patience_seconds: float) -> Answer:
        """Return what happened, as soon as it is clear or after `patience_seconds`.

        Needs a Flask context whose locale is `language`.
        """
        text, give_up = TEXTS[language], time.monotonic() + patience_seconds
        while True:
            written = self._written()
            if self._has_opened(written):
                return Answer(text["done"], opened=True)
            refused = next((entry for entry in written if _refuses(entry)), None)
            if refused is not None:
                return Answer(text["refused"].format(why=self._words(refused, language)))
            if time.monotonic() >= give_up:
                break
            time.sleep(LOOK_EVERY_SECONDS)
        if written:
            return Answer(text["wrote"].format(what=self._words(written[0], language)))
        return Answer(text["opened_nothing"] if self._lane_id else text["carried_out"])

    def _written(self) -> list[JournalEntry]:
        """Return what the gate wrote since, about this lane or about none, newest first."""
        return [
            entry
            for entry in self._ends.newest_entries(MOST_ENTRIES)
            if entry.seq > self._last_seq and entry.facts.get("lane_id", self._lane_id) == self._lane_id
        ]

    def _has_opened(self, written: list[JournalEntry]) -> bool:
        if not self._lane_id:
            return False
        relays, channel = self._ends.metal.relays, self._ends.plan.lane(self._lane_id).channel
        try:
            relays.wait_for_on(channel, 0.0, after_ns=self.began_ns)
        except TimeoutError:
            # Shown once more while its own pulse runs, a card gets no second one.
            return relays.is_on(channel) and any(_grants(entry) for entry in written)
        return True

    def _words(self, entry: JournalEntry, language: str) -> str:
        lanes = self._ends.plan.lane_names
        devices = {
            twin.name: device_name(twin.name, lanes, TEXTS[language]) for twin in self._ends.metal.twins
        }
        line = line_of(entry, lanes, devices)
        return " · ".join(part for part in (line["what"], line["why"]) if part)


def _grants(entry: JournalEntry) -> bool:
    return entry.kind == EventKind.ACCESS and entry.facts.get("opens") is True


def _refuses(entry: JournalEntry) -> bool:
    return entry.kind == EventKind.ACCESS and entry.facts.get("opens") is not True
