"""Make the gate's telephone from its site file."""

import wave
from collections.abc import Mapping
from pathlib import Path

from gate_controller.control.parts import GateTelephone
from gate_controller.lane.guard_call import CallWishes
from gate_controller.site_file.telephone import HOME_PROMPT, QUIET_SECONDS, TelephoneSection
from hardware.telephones.baresip import Baresip

NAME = "telephone"


def make_telephone(section: TelephoneSection | None) -> GateTelephone | None:
    """Return the telephone, not yet started, and the guard's numbers; None where the site file has none."""
    if section is None:
        return None
    wishes = CallWishes(
        section.guard_numbers, section.ring_seconds, section.longest_seconds, section.answer_needs_key
    )
    prompts = _prompts(section.prompts_dir) if section.prompts_dir is not None else {}
    microphone = section.microphone if prompts else ""
    at_home = prompts.get(HOME_PROMPT, "")
    speaks_seconds = _spoken_seconds(at_home) if at_home else 0.0
    at_home = at_home if speaks_seconds else ""
    telephone = Baresip(NAME, section.control_port, microphone)
    return GateTelephone(telephone, wishes, prompts, at_home, speaks_seconds)


def _prompts(folder: Path) -> Mapping[str, str]:
    """Return the files that `menjin gate prompts` has made, by purpose and language."""
    return {file.stem: str(file) for file in sorted(folder.glob("*.*.wav"))}


def _spoken_seconds(prompt: str) -> float:
    """Return how long a file speaks before the silence at its end; 0 of one that is damaged."""
    try:
        with wave.open(prompt) as file:
            whole_seconds: float = file.getnframes() / file.getframerate()
    except (OSError, EOFError, wave.Error):
        # A gate opens without it.
        return 0.0
    return max(0.0, whole_seconds - QUIET_SECONDS)
