"""Every fuzz target by name."""

from tests.fuzz import asked_targets, device_targets, gate_targets, installer_targets, server_targets
from tests.fuzz.target import Target

TARGETS: dict[str, Target] = {
    target.name: target
    for module in (device_targets, asked_targets, installer_targets, gate_targets, server_targets)
    for target in module.TARGETS
}
