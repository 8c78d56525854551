"""Make the gate's telephone from its site file."""

from collections.abc import Mapping
from pathlib import Path

from gate_controller.control.parts import GateTelephone
from gate_controller.lane.guard_call import CallWishes
from gate_controller.site_file.telephone import TelephoneSection
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
    return GateTelephone(Baresip(NAME, section.control_port, microphone), wishes, prompts)


def _prompts(folder: Path) -> Mapping[str, str]:
    """Return the files that `menjin gate prompts` has made, by purpose and language."""
    return {file.stem: str(file) for file in sorted(folder.glob("*.*.wav"))}
