"""A gate on a bench with a second lane, two people to use them, and what its journal records."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gate_controller.contract.journal_chain import Facts
from gate_controller.contract.records import Grant
from hardware.readers.cards import CardFormat
from hardware.simulated.readers import LineCardReader
from hardware.simulated.relay_board import RelayBoard
from tests.support.compounds.people import card, person
from tests.support.gates.bench import CARD_KEY, LANE, BenchGate, bench_gate
from tests.support.gates.process import decisions_on_disk, wait_for_decisions

STAFF_ID, RESIDENT_ID = "00000000000000a1", "00000000000000a2"
AWAY_SECONDS = 1.2
"""How long a hand takes a card away between two showings."""
BOTH = (Grant((LANE, "north-yard")),)
STAFF = person(STAFF_ID, may_override=True, grants=BOTH)
STAFF_CARD, RESIDENT_CARD = card(7, CARD_KEY), card(8, CARD_KEY, RESIDENT_ID, "card-2")
RESIDENT = person(RESIDENT_ID, grants=BOTH)
YARD = """
[relay.yard]
kind = "usb_relay"
port = "{{root}}/dev/yard-relay"

[lane.north-yard]
relay = "yard"
{lock}

[reader.yard-card]
kind = "serial_card"
port = "{{root}}/dev/yard-card"
lane = "north-yard"
bits = 34
"""
MOTOR = 'lock = "pulse_motor"\ncontact = "no"\nexternal_timer = true'


@contextmanager
def gate_with_a_yard(root: Path, lock: str = "") -> Iterator[tuple[BenchGate, LineCardReader, RelayBoard]]:
    """A gate with a second lane, which has a board of its own and no contact."""
    (root / "dev").mkdir()
    with (
        RelayBoard(root / "dev" / "yard-relay", name="yard") as relay,
        LineCardReader(root / "dev" / "yard-card", CardFormat(34, "hex"), name="yard-card") as yard,
        bench_gate(root, more=YARD.format(lock=lock).format(root=root)) as gate,
    ):
        yield gate, yard, relay


def show_twice(bench: BenchGate, reader: LineCardReader, number: int) -> None:
    """Show a card, take it away for 1.2 s of the gate's clock, show it again; return once that is granted.

    The clock stops meanwhile, so that no busy machine makes it too long for a second showing.
    """
    bench.time.stop()
    decided = decisions_on_disk(bench)
    reader.tap(number)
    wait_for_decisions(bench, decided + 1)
    bench.passes(AWAY_SECONDS)
    reader.tap(number)
    wait_for_decisions(bench, decided + 2)
    bench.handled()
    bench.time.run()


def recorded(bench: BenchGate, *kinds: str) -> list[tuple[str, Facts, Facts | None]]:
    """Return kind, facts and personal part of every entry of these kinds, while the gate is stopped."""
    return [(e.kind, e.facts, e.personal) for e in bench.entries() if e.kind in kinds]
