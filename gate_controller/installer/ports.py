"""Turn taps into an installer's answer: which port sent them, what device it is, and its table.

Taps of one port are looked at together: each one more leaves fewer ways to read it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from gate_controller.command_line.command_names import gate_command
from gate_controller.installer.site_lines import NamedPart, contact_table, difference, table_of
from hardware.identify.format_guess import Finding, Guess, find, fits, that_read
from hardware.identify.listening import USUAL_BAUDS, ContactMoved, Tap
from hardware.inputs.serial import parse_state_line

TAPS_KEPT = 8
SHORTEST_CARD_CHARS = 6


@dataclass(frozen=True, slots=True)
class Answer:
    """Result of one tap. `is_right`: whether the site file's lines read it, None where it names none."""

    port: Path
    what: str
    tables: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    is_right: bool | None = None
    numbers: tuple[int, ...] = field(default=(), repr=False)
    """The card number that each table would give."""

    is_as_before: bool = False
    """True if the port's last answer said the same, so that a person need not read it again."""

    def lines(self) -> list[str]:
        if self.is_as_before:
            reads = f", reads card {_both(self.numbers[0])}" if len(self.numbers) == 1 else ""
            return [f"{self.port}: as before{reads}"]
        texts = [f"{self.port}: {self.what}"]
        for place, table in enumerate(self.tables):
            texts.append(_as_comment(table) if place else table)
            # Not a comment among the lines: a card's number has no business in a site file.
            texts += [f"  reads card {_both(self.numbers[place])}"] if place < len(self.numbers) else []
        return [*texts, *(f"  {note}" for note in self.notes)]


@dataclass(slots=True)
class _PortReports:
    taps: list[bytes] = field(default_factory=list)
    baud: int = USUAL_BAUDS[0]
    was_read: bool = False
    last: tuple[object, ...] = ()


class PortIdentifier:
    """Bytes of every port so far. `card` is the number printed on the card that is tapped."""

    def __init__(
        self,
        part_at: Callable[[Path], NamedPart | None],
        *,
        lanes: Sequence[str] = (),
        card: int | None = None,
        card_bits: int = 32,
    ) -> None:
        """Begin with nothing heard.

        `part_at` returns what the site file has at a port; `card_bits` is its form of card numbers.
        """
        self._part_at, self._card, self._card_bits = part_at, card, card_bits
        self._lane = lanes[0] if len(lanes) == 1 else "LANE"
        self._heard: dict[Path, _PortReports] = {}

    def baud_of(self, port: Path) -> int:
        """Return the baud rate at which a port is to be listened to next."""
        return self._of(port).baud

    def take(self, tap: Tap) -> Answer:
        """Return what a tap shows, together with the earlier ones of its port."""
        heard = self._of(tap.port)
        if tap.baud == 0:
            return self._typed(tap.port, tap.data, heard)
        finding = self._found(heard, tap.data)
        if finding.is_noise:
            return self._noise(tap.port, heard)
        part = self._part_at(tap.port)
        if part is not None:
            return self._compared(tap.port, part, heard, finding)
        if not finding.guesses:
            return Answer(tap.port, finding.trouble)
        return self._answer(tap.port, finding.guesses, heard)

    def contact(self, moved: ContactMoved) -> Answer:
        """Return the table for a contact on a control line."""
        word = "closed" if moved.closed else "opened"
        return Answer(
            moved.port,
            f"a contact {word} between {moved.terminal.upper()} and the adapter's supply",
            (contact_table(moved, lane=self._lane),),
            (CONTACT_NOTE,),
        )

    def _of(self, port: Path) -> _PortReports:
        if port not in self._heard:
            part = self._part_at(port)
            self._heard[port] = _PortReports(baud=part.baud if part is not None else USUAL_BAUDS[0])
        return self._heard[port]

    def _found(self, heard: _PortReports, data: bytes) -> Finding:
        heard.taps = [*heard.taps, data][-TAPS_KEPT:]
        finding = find(heard.taps)
        if not finding.guesses:
            # Half a line at plugging in, or another device at this port, must not spoil what comes now.
            heard.taps = [data]
            finding = find(heard.taps)
        heard.was_read = heard.was_read or bool(finding.guesses)
        return finding

    def _noise(self, port: Path, heard: _PortReports) -> Answer:
        was, heard.taps = heard.baud, []
        what = f"only noise at {was} baud: bytes that fit nothing Menjin can read"
        part = self._part_at(port)
        if heard.was_read:
            # It was read at this rate before: the rate is right, and something else disturbed it.
            return Answer(port, what, (), ("It was read before; check cable and shield.",))
        place = USUAL_BAUDS.index(was) + 1 if was in USUAL_BAUDS else 0
        heard.baud = USUAL_BAUDS[place % len(USUAL_BAUDS)]
        notes = [f"Listening at {heard.baud} baud from now on: tap again."]
        if part is not None:
            notes.append(f"{part.header} in the site file says baud = {part.baud}.")
        return Answer(port, what, (), tuple(notes), None if part is None else False)

    def _typed(self, port: Path, data: bytes, heard: _PortReports) -> Answer:
        finding = Finding(())
        if len(data.strip()) >= SHORTEST_CARD_CHARS and data.endswith(b"\r"):
            finding = self._found(heard, data)
        guesses = tuple(_as_wedge(guess) for guess in finding.guesses if guess.table == "reader")
        if guesses:
            return self._answer(port, guesses, heard)
        # Typed text is not shown: it may be a person's password.
        keypad = Guess("keypad", "", (("kind", "usb_keypad"),), 0)
        return Answer(
            port,
            "keys, as of a USB number pad",
            (table_of(keypad, port, 0, lane=self._lane),),
            ("If this is the keyboard you type on, pass it over.",),
        )

    def _answer(
        self,
        port: Path,
        guesses: Sequence[Guess],
        heard: _PortReports,
        name: str = "NAME",
        lane: str | None = None,
    ) -> Answer:
        notes: list[str] = []
        known = that_read(self._card, guesses) if self._card is not None else ()
        if known:
            notes.append(_order_said(known[0]))
            guesses = known
        elif self._card is not None and guesses[0].cards:
            notes.append("None of these reads the number you gave: is it the card that was tapped?")
        first = guesses[0]
        baud = 0 if first.setting("kind") == "usb_card" else heard.baud
        table = table_of(first, port, baud, name=name, lane=lane or self._lane, was_closed=_at_rest(heard))
        others = [
            difference(first, other) or table_of(other, port, baud, name=name, lane=lane or self._lane)
            for other in guesses[1:]
        ]
        if len(guesses) > 1 and not known:
            notes.append(
                "The bytes alone do not say which. Tap another card, or give the number printed on this one: "
                f"{gate_command('identify', '--card NUMBER')}"
            )
        if any(card.bits < self._card_bits for card in first.cards):
            notes.append("It sends 24 bits of a card's number: the site file then says card_bits = 24.")
        if first.table == "inputs":
            notes.append(CONTACT_NOTE)
        said = tuple((guess.table, guess.settings, guess.terminals) for guess in guesses)
        is_as_before, heard.last = said == heard.last, said
        numbers = tuple(guess.cards[-1].number for guess in guesses if guess.cards)
        return Answer(port, first.what, (table, *others), tuple(notes), None, numbers, is_as_before)

    def _compared(self, port: Path, part: NamedPart, heard: _PortReports, finding: Finding) -> Answer:
        fitting = None
        if heard.baud == part.baud:
            fitting = fits(heard.taps, part.table, part.settings)
        reads_card = (
            fitting is None
            or not fitting.cards
            or self._card is None
            or that_read(self._card, (fitting,)) != ()
        )
        if fitting is not None and reads_card:
            numbers = tuple(card.number for card in fitting.cards[-1:])
            said = f": card {_both(numbers[0])}" if numbers else ""
            notes = ("That is the card you named.",) if numbers and self._card is not None else ()
            return Answer(port, f"{part.header} of the site file reads it{said}", (), notes, True, numbers)
        if fitting is not None:
            wrong = f"{part.header} of the site file reads another number than the card's; it should be"
        else:
            wrong = f"{part.header} of the site file cannot read what came; it should be"
        if not finding.guesses:
            return Answer(port, f"{part.header}: {finding.trouble}", is_right=False)
        answer = self._answer(port, finding.guesses, heard, part.name, part.lane)
        return replace(answer, what=f"{wrong} {answer.what}", is_right=False, is_as_before=False)


CONTACT_NOTE = (
    "kind: door_open, exit_button, tamper, fire and so on (docs/settings.md). normally_closed is written "
    "for a contact that was at rest before it moved."
)


def _as_wedge(guess: Guess) -> Guess:
    settings = (("kind", "usb_card"), *guess.settings[1:])
    return replace(guess, what=guess.what.replace("prints", "types"), settings=settings)


def _at_rest(heard: _PortReports) -> dict[str, bool]:
    """Return, by terminal, whether its circuit was closed before it first moved."""
    rest: dict[str, bool] = {}
    for tap in heard.taps:
        for line in tap.splitlines():
            state = parse_state_line(line)
            if state is not None:
                rest.setdefault(state[0], not state[1])
    return rest


def _both(number: int) -> str:
    return f"{number} (0x{number:X})"


def _as_comment(table: str) -> str:
    """Return a table that is one of several possible ones, so that only the first counts when pasted."""
    lines = [line.strip() for line in table.splitlines()]
    return "\n".join(f"    # {'or: ' if number == 0 else '    '}{line}" for number, line in enumerate(lines))


def _order_said(guess: Guess) -> str:
    said = []
    if guess.setting("bit_order") == "last_bit_first":
        said.append('the bits last first: bit_order = "last_bit_first"')
    if guess.setting("byte_order") == "lsb":
        said.append('the bytes reversed: byte_order = "lsb"')
    if not said:
        return "This reader sends bits and bytes in their usual order; the number is the one you gave."
    return f"This reader sends {', and '.join(said)}. With that the number is the one you gave."
