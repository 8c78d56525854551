"""Placeholders for an OSDP reader without a usable key, and for its output.

One reader without a key must not keep the others from working: it is LOST, with what to do about it,
and a lane on its output stays shut. Nothing here speaks to the reader, so no key is ever given to it.
"""

from hardware.errors import DeviceUnavailable, OutputNotConfirmed
from hardware.interfaces import DeviceState, Health, ReaderResult, Report
from hardware.osdp.relay import MAX_PULSE_SECONDS


class UnpairedReader:
    """A Device and a ReaderFeedback that is LOST from start to stop."""

    def __init__(self, name: str, why: str) -> None:
        """Store the report: `why` says what is missing and what to run."""
        self.name = name
        self.why = why

    def start(self, report: Report) -> None:
        """Report once that the reader is lost, and why."""
        report(DeviceState(self.name, Health.LOST, self.why))

    def stop(self) -> None:
        """Do nothing; nothing runs."""

    def show(self, result: ReaderResult) -> None:
        """Show nothing: without a secure channel no command goes to the reader."""


class UnpairedRelay:
    """A Relay that never moves: the output of an UnpairedReader."""

    def __init__(self, reader: UnpairedReader, *, name: str) -> None:
        """Remember whose output it is."""
        self.name = name
        self._why = f"{name}: {reader.why}"

    def open(self) -> None:
        """Raise DeviceUnavailable: there is no output to switch off."""
        raise DeviceUnavailable(self._why)

    @property
    def longest_pulse_seconds(self) -> float:
        """Return what the reader's output would give, were it paired."""
        return MAX_PULSE_SECONDS

    @property
    def is_on(self) -> bool:
        return False

    def pulse(self, seconds: float, *, holds: bool = False) -> int:
        """Raise DeviceUnavailable; nothing is sent now or later."""
        what = "a hold" if holds else "a pulse"
        raise DeviceUnavailable(f"{self._why}; {what} of {seconds:g} s was asked for and not sent")

    def rest(self) -> None:
        """Raise OutputNotConfirmed: no reader answers for this output."""
        raise OutputNotConfirmed(self._why)

    def close(self) -> None:
        """Do nothing; nothing was opened."""
