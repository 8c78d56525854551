"""Make the gate's telephone from its site file."""

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
    return GateTelephone(Baresip(NAME, section.control_port), wishes)
