"""OSDP readers: cards, keys, light, buzzer, tamper and power.

Everything goes through the secure channel under the reader's own key (`hardware.osdp.line`).
A reader whose casing was opened goes on being listened to: who opens one to steal its key gets
the key of that reader alone, and a gate that ignored it would shut people out for a bumped lid.
"""

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from hardware.errors import BadDeviceSetting
from hardware.interfaces import (
    CardRead,
    DeviceState,
    Health,
    InputChange,
    InputKind,
    KeyPress,
    ReaderResult,
    Report,
)
from hardware.lines.serial_reader import (
    BAD_FRAMES_TO_BE_FAULTY,
    BAD_FRAMES_TO_TAKE_NOTHING,
    DROPS_SAID_EVERY_NS,
)
from hardware.osdp.line import OsdpLine
from hardware.osdp.panel import (
    CardBits,
    Command,
    CommandEnded,
    Keys,
    LocalStatus,
    PanelEvent,
    checked_key,
    library,
)
from hardware.osdp.signals import OFF, light_of, output_command, sound_of
from hardware.readers.cards import ParsedCard, SiteCardForm
from hardware.readers.wiegand import FRAME_BITS, card_of_frame

REFUSALS_BELIEVED = 3
_KEYS = {**{ord(key): key for key in "0123456789*#"}, 0x0D: "#", 0x7F: "*"}

Carries = Literal["wiegand", "number"]
ByteOrder = Literal["msb", "lsb"]


@dataclass(frozen=True, slots=True)
class OsdpCardForm:
    """Form in which a reader sends a card.

    `carries`: `wiegand`, frames of 26, 34 or 37 bits with parity; `number`, the bare number of 24,
    32, 56 or 64 bits (a chip's serial number). `bits`: which length; any other is dropped.
    `byte_order`: `lsb` for readers that turn the bytes round.
    """

    bits: int
    carries: Carries = "wiegand"
    byte_order: ByteOrder = "msb"

    def __post_init__(self) -> None:
        """Raise BadDeviceSetting for what no reader sends."""
        lengths = {"wiegand": FRAME_BITS, "number": (24, 32, 56, 64)}
        if self.carries not in lengths or self.byte_order not in ("msb", "lsb"):
            raise BadDeviceSetting("OSDP card form: carries is wiegand or number, byte_order msb or lsb")
        if self.bits not in lengths[self.carries] or (self.bits == 37 and self.byte_order == "lsb"):
            legal = ", ".join(map(str, lengths[self.carries]))
            raise BadDeviceSetting(
                f"OSDP card form: bits is {self.bits}; legal with {self.carries}: {legal} (37 only msb)"
            )

    @property
    def number_bits(self) -> int:
        """Return how many bits of number remain."""
        return self.bits - 2 if self.carries == "wiegand" else self.bits

    def card_of(self, read: CardBits) -> ParsedCard | None:
        """Return the card, or None when length or parity is not what was declared."""
        if read.count != self.bits:
            return None
        if self.carries == "wiegand":
            return card_of_frame(read.value, self.bits, self.byte_order)
        order: Literal["big", "little"] = "little" if self.byte_order == "lsb" else "big"
        return ParsedCard(int.from_bytes(read.value.to_bytes(self.bits // 8, "big"), order), self.bits)


class OsdpReader:
    """One reader of an OsdpLine: a Device, a ReaderFeedback."""

    def __init__(
        self,
        line: OsdpLine,
        address: int,
        key: bytes,
        card_form: OsdpCardForm,
        site_form: SiteCardForm,
        *,
        name: str,
        lane_id: str,
    ) -> None:
        """Join the line; raise BadDeviceSetting on a key, address or form that cannot be."""
        if card_form.number_bits < site_form.bits:
            raise BadDeviceSetting(
                f"{name}: sends {card_form.number_bits} bits and the site's cards have {site_form.bits}"
            )
        self.name = name
        self.address = address
        self._key = checked_key(key, name)
        self._line = line
        self._card_form, self._site_form = card_form, site_form
        self._lane_id = lane_id
        self._report: Report | None = None
        self._is_started = False
        self._lock = threading.Lock()
        self._due: list[Command] = []
        self._outputs: dict[int, str] = {}
        self._tamper: bool | None = None
        self._comings = 0
        self._power_failing = False
        self._refused: Counter[int] = Counter()
        self._in_flight: Command | None = None
        self._rested_at_ns: dict[int, int] = {}
        self._health: Health | None = None
        self._takes = True
        self._dropped = self._dropped_in_a_row = 0
        self._drops_reported_at_ns = 0
        self.place = line.join(self)

    @property
    def key(self) -> bytes:
        return self._key

    @property
    def line(self) -> OsdpLine:
        return self._line

    @property
    def dropped_frames(self) -> int:
        """Return how many cards were not of the declared form, and how many bytes were no key."""
        return self._dropped

    @property
    def refusals(self) -> Mapping[int, int]:
        """Return, by OSDP_CMD number, how often in a row the reader did not take a command or went at it."""
        return self._refused

    @property
    def comings(self) -> int:
        """Return how often it came, and so had its outputs put to rest."""
        return self._comings

    def rested_at_ns(self, number: int) -> int:
        """Return monotonic ns at which it last confirmed, after it came, that an output is at rest."""
        return self._rested_at_ns.get(number, 0)

    def start(self, report: Report) -> None:
        """Begin to listen; return at once, also when the reader is absent."""
        if self._is_started:
            return
        self._is_started = True
        self._report, self._health, self._tamper = report, None, None
        if self._line.is_here(self.place):
            self._say(Health.OK, "in its secure channel")
        self._line.hold()

    def stop(self) -> None:
        """Stop listening; the line ends with its last user."""
        if not self._is_started:
            return
        self._is_started = False
        self._line.let_go()
        self._report = None

    def show(self, result: ReaderResult) -> None:
        """Show a result by light and sound as soon as the reader can; an older one is forgotten."""
        with self._lock:
            self._due = [light_of(result), *sound_of(result)]

    def add_output(self, number: int, name: str) -> None:
        """Note an output that has to be put to rest whenever the reader comes; `name` is its relay's."""
        if number in self._outputs:
            raise BadDeviceSetting(f"{self.name}: output {number} is {self._outputs[number]}'s already")
        self._outputs[number] = name

    # -- called by the line, in its thread ---------------------------------------------------------

    def came(self) -> None:
        """Put outputs to rest, light up, and ask for tamper and power."""
        self._comings += 1
        with self._lock:
            self._due = [output_command(number, OFF, 0) for number in self._outputs]
            self._due.append(light_of(ReaderResult.REST))
            lib = library()
            self._due.append({"command": lib.CMD_STATUS, "type": lib.STATUS_REPORT_LOCAL})
        self._power_failing = False
        self._say_how_it_is("in its secure channel")

    def _say_how_it_is(self, when_sound: str) -> None:
        """Report the fault that lasts while the reader is there, else that it is sound."""
        fault = self._lasting_fault()
        self._health = None
        if fault is None:
            self._say(Health.OK, when_sound)
        else:
            self._say(Health.FAULTY, f"{self.name}: {fault}")

    def _lasting_fault(self) -> str | None:
        """Return what no card and no power mends: an output of a lane that this reader does not switch."""
        missing = [number for number in self._outputs if not self._has_output(number)]
        if not missing:
            return None
        if self._refuses(library().CMD_OUTPUT):
            return "takes no orders for its outputs, and reads cards alone; mend it and start the gate again"
        return f"has no output {missing[0]}, which a lane is to use"

    def went(self, why: str) -> None:
        """Forget what the reader was to show; the command during which it was lost counts as refused."""
        with self._lock:
            self._due = []
        if self._in_flight is not None:
            self._refused[int(self._in_flight["command"])] += 1
            self._in_flight = None
        self._health = None
        self._say(Health.LOST, why)

    def due(self) -> Command | None:
        """Return the next command that this reader is able to take."""
        if not self._due:
            return None
        with self._lock:
            while self._due:
                command = self._due.pop(0)
                # A reader that refuses a command is taken off the line by the library.
                if self._is_able(command):
                    self._in_flight = command
                    return command
        return None

    def heard(self, event: PanelEvent, at_ns: int) -> None:
        """Report what the reader sent."""
        if isinstance(event, CardBits):
            card = self._card_form.card_of(event)
            if card is None:
                self._drop(1, at_ns)
            else:
                self._good()
                number = self._site_form.canonical(card)
                self._tell(CardRead(self.name, number, self._site_form.bits, at_ns))
        elif isinstance(event, Keys):
            self._heard_keys(event.keys, at_ns)
        elif isinstance(event, LocalStatus):
            self._heard_status(event, at_ns)
        elif isinstance(event, CommandEnded):
            done, self._in_flight = self._in_flight, None
            if done is not None and "output_no" in done and event.taken:
                self._rested_at_ns[int(done["output_no"])] = at_ns
            self._refused[event.command] = 0 if event.taken else self._refused[event.command] + 1

    def _heard_keys(self, keys: bytes, at_ns: int) -> None:
        pressed = [_KEYS[byte] for byte in keys if byte in _KEYS]
        for key in pressed:
            self._tell(KeyPress(self.name, key, at_ns))
        if len(pressed) < len(keys):
            self._drop(len(keys) - len(pressed), at_ns)
        else:
            self._good()

    def _heard_status(self, status: LocalStatus, at_ns: int) -> None:
        if status.tamper != self._tamper:
            # Report the first status too: an alarm may date from before a restart.
            self._tamper = status.tamper
            self._tell(InputChange(self.name, self._lane_id, InputKind.TAMPER, status.tamper, at_ns))
        if status.power_failing != self._power_failing:
            self._power_failing = status.power_failing
            if status.power_failing:
                self._say(Health.FAULTY, f"{self.name}: says that its power is failing; check its supply")
            else:
                self._say_how_it_is("its power is back")

    def has_output(self, number: int) -> bool:
        """Return whether the reader said that it has an output."""
        return self._line.is_here(self.place) and self._has_output(number)

    def _has_output(self, number: int) -> bool:
        lib = library()
        level, count = self._line.capability(self.place, lib.CAP_OUTPUT_CONTROL)
        return level > 0 and number < count and not self._refuses(lib.CMD_OUTPUT)

    def _refuses(self, command: int) -> bool:
        # Each refusal takes the reader off the line; one may have been a cable, three are the reader.
        return self._refused[command] >= REFUSALS_BELIEVED

    def _is_able(self, command: Command) -> bool:
        lib = library()
        if self._refuses(int(command["command"])):
            return False
        if command["command"] == lib.CMD_OUTPUT:
            return self._has_output(int(command["output_no"]))
        needed = {lib.CMD_LED: lib.CAP_READER_LED_CONTROL, lib.CMD_BUZZER: lib.CAP_READER_AUDIBLE_OUTPUT}
        code = needed.get(int(command["command"]))
        return code is None or all(self._line.capability(self.place, code))

    def _good(self) -> None:
        self._dropped_in_a_row = 0
        if self._health is not Health.FAULTY:
            return
        lasts = self._power_failing or self._lasting_fault() is not None
        self._say(Health.FAULTY if lasts else Health.OK, "reading again")

    def _drop(self, count: int, at_ns: int) -> None:
        self._dropped += count
        self._dropped_in_a_row += 1
        if self._dropped_in_a_row >= BAD_FRAMES_TO_BE_FAULTY:
            self._say(
                Health.FAULTY,
                f"{self.name}: cards are not of {self._card_form.bits} bits with right parity; check bits",
            )
        elif at_ns - self._drops_reported_at_ns > DROPS_SAID_EVERY_NS and self._health is not None:
            self._drops_reported_at_ns = at_ns
            self._report_state(self._health, "frames were dropped")

    def _say(self, health: Health, detail: str) -> None:
        # Three foreign cards in a row leave a reader that reads; thirty are a form by which it reads none.
        takes = health is not Health.FAULTY or self._dropped_in_a_row < BAD_FRAMES_TO_TAKE_NOTHING
        if (health, takes) != (self._health, self._takes):
            self._health, self._takes = health, takes
            self._report_state(health, detail)

    def _report_state(self, health: Health, detail: str) -> None:
        self._tell(DeviceState(self.name, health, detail, self._dropped, self._takes))

    def _tell(self, item: CardRead | KeyPress | InputChange | DeviceState) -> None:
        if self._report is not None:
            self._report(item)
