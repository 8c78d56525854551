"""Every fuzz target by name."""

from tests.fuzz import device_targets, gate_targets, server_targets
from tests.fuzz.target import Target

TARGETS: dict[str, Target] = {
    target.name: target
    for target in (*device_targets.TARGETS, *gate_targets.TARGETS, *server_targets.TARGETS)
}
