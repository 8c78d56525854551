"""Know from calls alone how a lane's microphone and camera of calls are."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from gate_controller.terminal.call_sound import SoundSaid, SoundTrouble
from hardware.interfaces import DeviceState, Health

FAULTS: dict[SoundTrouble, tuple[str, str]] = {
    "no_microphone": ("microphone", "it does not open, or gives nothing"),
    "no_camera": ("camera", "it does not open for calls, or gives nothing"),
}
"""By trouble the device whose fault it is."""
LASTS_SECONDS = 1.0
"""A trouble that lasts so long is a fault: one word alone may come from a call that is just ending."""


@dataclass(slots=True)
class SoundHealth:
    """Devices of one lane's calls as the gate knows them, each named `call-PART-LANE`."""

    lane_id: str
    _trouble: SoundTrouble = ""
    _since_seconds: float = 0.0
    _known: dict[str, Health] = field(default_factory=dict)

    def news(self, said: SoundSaid, now_seconds: float) -> Sequence[DeviceState]:
        """Return the devices that are otherwise than they were, by the last word of the call that goes on."""
        if said.trouble != self._trouble:
            self._trouble, self._since_seconds = said.trouble, now_seconds
        found: dict[str, tuple[Health, str]] = dict.fromkeys(said.works, (Health.OK, "it worked in a call"))
        part, why = FAULTS.get(said.trouble, ("", ""))
        if part and now_seconds - self._since_seconds >= LASTS_SECONDS:
            found[part] = (Health.FAULTY, why)
        news = {part: how for part, how in found.items() if self._known.get(part, Health.OK) is not how[0]}
        self._known |= {part: health for part, (health, _why) in news.items()}
        return [DeviceState(f"call-{part}-{self.lane_id}", *how) for part, how in news.items()]
