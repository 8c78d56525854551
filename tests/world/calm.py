"""The end of a history: all faults stop, gates and server talk, and everything that was owed arrives."""

from typing import TYPE_CHECKING

from tests.support.gates.three_gates import bytes_under
from tests.world.invariants import MARKS

if TYPE_CHECKING:
    from tests.world.world import World

ROUNDS = 4


def calm_down(world: "World") -> list[str]:
    """Let gates and server talk without faults; return what is broken or still owed."""
    world.network.apart.clear()
    world.network.fault_of_ten = 0
    world.cell.plug.writes_left = 0
    for gate in world.gates.values():
        gate.disk.pull_at(0, "after")
    for _round in range(ROUNDS):
        for gate in world.gates.values():
            gate.turn()
            violations = world.look("calm")
            if violations:
                return violations
    return [f"what_is_owed_arrives: {said}" for said in owed(world)]


def owed(world: "World") -> list[str]:
    """Return what a gate that the server believes, or the server, has not received."""
    server, said = world.server, []
    if server.restoring:
        # It waits for the office to leave out a gate that it does not believe.
        trusted = all(row.is_trusted for row in server.gates.values() if row.state == "paired")
        return ["the restore has not ended though every gate handed over"] if trusted else []
    for gate_id, gate in world.gates.items():
        row, seen = server.gates[gate_id], world.facts.gates[gate_id]
        if row.state not in ("paired", "stolen") or row.is_withheld:
            continue
        if seen.have != (server.epoch, row.published_version):
            newest = f"{server.epoch}.{row.published_version}"
            said.append(f"gate {gate_id} has {seen.have}, and {newest} is published")
        if not row.is_trusted:
            continue
        head = gate.journal.head[0]
        if row.acknowledged_seq != head:
            said.append(f"the server has {row.acknowledged_seq} of {head} entries of gate {gate_id}")
        if gate.journal.unsent_receipts():
            said.append(f"gate {gate_id} still has receipts to send")
        missing = [
            c
            for (c, g) in server.forgettings
            if g == gate_id and (c, g) not in server.receipts and (g, c) in world.facts.known_consents
        ]
        if missing:
            said.append(f"gate {gate_id} owes a receipt for {sorted(missing)[0]}")
        live = server.live_consents()
        left = [one for one in sorted(seen.kept_faces) if live.get(one[0]) != one[1]]
        if left:
            said.append(f"gate {gate_id} keeps a look of {left[0][0]} without live consent")
    disk = bytes_under(world.cell.files)
    return said + [f"a file of the server holds the {MARKS[mark]}" for mark in MARKS if mark in disk]
