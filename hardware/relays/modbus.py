"""Drive Modbus RTU relay boards of the two families on sale; both time a pulse themselves.

    Waveshare class    coils from 0; function 05, FF00 on, 0000 off; a pulse is a write to coil
                       0200h + relay with its length in 100 ms (01 05 02 00 00 07 8D B0: 700 ms);
                       read back by function 01.  Source: Waveshare wiki, "Modbus RTU Relay",
                       development protocol V2/V3 (boards before September 2021 spoke V1).
    Eletechsup class   registers from 1; function 06, 0100h on, 0200h off, 06nnh on for nn seconds
                       (01 06 00 01 06 0A 5B AD: 10 s); read back by function 03, 1 is on.
                       Source: the seller's "8 Channel Multifunction RS485 Module command" sheet.
                       Some of them (RYN404E/408F) pass over 0200h while 06nnh runs; 0600h ends it.

Every order is read back. ON that is not read back raises OutputNotConfirmed and OFF follows; a relay
found on without an order is switched off and reported as FAULTY.
"""

import math
import time
from abc import ABC, abstractmethod

from hardware.errors import BadDeviceSetting, DeviceRefused, DeviceUnavailable, OutputNotConfirmed
from hardware.interfaces import Health, Report
from hardware.lines.modbus import ModbusLine, WriteCoilValue, WriteRegisterValue, check_address
from hardware.relays.board import BoardRelay, RelayBoard

READ_BACK_SECONDS = 0.3
READ_BACK_AGAIN_SECONDS = 0.02
AFTER_PULSE_SECONDS = 0.1


class BoardFamily(ABC):
    """Frames of one family of boards. Pure: frames out, levels in."""

    channels: int
    unit_seconds: float
    longest_units: int
    off_may_be_passed_over = False
    """True if a running pulse is ended by a pulse of no length where `off` is not obeyed."""

    @abstractmethod
    def pulse(self, address: int, channel: int, units: int) -> WriteCoilValue:
        """Return the order to switch on for `units` of the board's own time."""

    @abstractmethod
    def off(self, address: int, channel: int) -> WriteCoilValue:
        """Return the order to switch off."""

    @abstractmethod
    def is_on(self, line: ModbusLine, address: int, channel: int) -> bool:
        """Read one relay back."""

    def units_of(self, seconds: float) -> int:
        """Return the board's units for a pulse, rounded up; raise BadDeviceSetting beyond its longest."""
        # A hair is taken off so that 0.3 s is three units of 0.1 s, not four.
        units = max(1, math.ceil(seconds / self.unit_seconds - 1e-6))
        if units > self.longest_units:
            raise BadDeviceSetting(
                f"the board times at most {self.longest_units * self.unit_seconds:g} s, not {seconds:g}"
            )
        return units


class Waveshare(BoardFamily):
    """Waveshare "Modbus RTU Relay" and boards that copy it."""

    channels = 32
    unit_seconds = 0.1
    longest_units = 0x7FFF

    def pulse(self, address: int, channel: int, units: int) -> WriteCoilValue:
        """Return "flash on"."""
        return WriteCoilValue(dev_id=address, address=0x0200 + channel - 1, registers=[units])

    def off(self, address: int, channel: int) -> WriteCoilValue:
        """Return function 05 with 0000."""
        return WriteCoilValue(dev_id=address, address=channel - 1, registers=[0x0000])

    def is_on(self, line: ModbusLine, address: int, channel: int) -> bool:
        """Read one coil."""
        return line.read_coils(address, channel - 1, 1)[0]


class Eletechsup(BoardFamily):
    """Eletechsup R4D, R421, N4D8, RYN4 and their copies."""

    channels = 32
    unit_seconds = 1.0
    longest_units = 0xFF
    off_may_be_passed_over = True

    def pulse(self, address: int, channel: int, units: int) -> WriteCoilValue:
        """Return "delay"."""
        return WriteRegisterValue(dev_id=address, address=channel, registers=[0x0600 | units])

    def off(self, address: int, channel: int) -> WriteCoilValue:
        """Return "close"."""
        return WriteRegisterValue(dev_id=address, address=channel, registers=[0x0200])

    def is_on(self, line: ModbusLine, address: int, channel: int) -> bool:
        """Read one register: 1 is on."""
        return line.read_register(address, channel) == 1


class ModbusRelayBoard(RelayBoard):
    look_seconds = 0.5

    def __init__(
        self,
        line: ModbusLine,
        address: int,
        family: BoardFamily,
        *,
        name: str,
        report: Report | None = None,
    ) -> None:
        """Prepare the board; raise BadDeviceSetting for an impossible address."""
        super().__init__(name=name, report=report)
        check_address(address, name=name)
        self._line = line
        self._address = address
        self._family = family
        self._opening = 0
        self._holds_line = False

    @property
    def times_pulses(self) -> bool:
        """Return true: the board does."""
        return True

    @property
    def pulse_step_seconds(self) -> float:
        """Return the unit of its register: what is left of a pulse is rounded up to it."""
        return self._family.unit_seconds

    def check_channel(self, channel: int) -> None:
        """Raise BadDeviceSetting for a channel the family has on no board."""
        if not 1 <= channel <= self._family.channels:
            raise BadDeviceSetting(
                f"{self.name}: such a board has channels 1 to {self._family.channels} at most, not {channel}"
            )

    def _is_reached(self) -> bool:
        # Another user of the line may have opened it again: then this board has not been switched off yet.
        return self._opening != 0 and self._opening == self._line.openings

    def _reach(self) -> None:
        if not self._holds_line:
            self._line.hold()
            self._holds_line = True
        self._opening = self._line.reach()

    def _drop(self) -> None:
        self._opening = 0
        if self._stopping and self._holds_line:
            self._holds_line = False
            self._line.let_go()

    def _order_on(self, channel: int, seconds: float) -> tuple[int, float]:
        units = self._family.units_of(seconds)
        try:
            at_ns = self._line.write_once(self._family.pulse(self._address, channel, units))
            is_on = self._settles(channel, True, within_seconds=min(READ_BACK_SECONDS, seconds / 2))
        except DeviceRefused as refusal:
            raise OutputNotConfirmed(str(refusal)) from refusal
        except DeviceUnavailable as loss:
            raise OutputNotConfirmed(f"{loss}; the lock may or may not have moved") from loss
        if not is_on:
            raise OutputNotConfirmed(
                f"{self.name}: channel {channel} was ordered on and reads off; check the relay itself"
            )
        return at_ns, units * self._family.unit_seconds + AFTER_PULSE_SECONDS

    def _order_off(self, channel: int) -> None:
        try:
            self._line.write_again(self._family.off(self._address, channel))
            if self._settles(channel, False, within_seconds=READ_BACK_SECONDS):
                return
            if self._family.off_may_be_passed_over:
                self._line.write_again(self._family.pulse(self._address, channel, 0))
                self._line.write_again(self._family.off(self._address, channel))
                if self._settles(channel, False, within_seconds=READ_BACK_SECONDS):
                    return
        except DeviceRefused as refusal:
            raise OutputNotConfirmed(str(refusal)) from refusal
        raise OutputNotConfirmed(
            f"{self.name}: channel {channel} was ordered off and still reads on; the lane may be open"
        )

    def _settles(self, channel: int, on: bool, *, within_seconds: float) -> bool:
        give_up = time.monotonic() + within_seconds
        while True:
            if self._family.is_on(self._line, self._address, channel) is on:
                return True
            if time.monotonic() >= give_up:
                return False
            time.sleep(READ_BACK_AGAIN_SECONDS)

    def _look(self) -> None:
        for channel in sorted(self._in_use - set(self._off_due_ns) - self._unrested):
            try:
                is_on = self._family.is_on(self._line, self._address, channel)
            except DeviceRefused as refusal:
                self._say(Health.FAULTY, str(refusal))
                continue
            if is_on:
                self._unrested.add(channel)
                self._say(
                    Health.FAULTY,
                    f"{self.name}: channel {channel} is on without an order; it is switched off. "
                    "Check that the board's own inputs do not switch its relays",
                )


class ModbusRelay(BoardRelay):
    """One channel of a ModbusRelayBoard, as a Relay."""
