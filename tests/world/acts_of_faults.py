"""What goes wrong: power, disks, networks, clocks, opened cabinets, servers that die and come back from
old backups."""

from datetime import timedelta

from hardware.interfaces import InputChange, InputKind
from tests.world.acts_at_gates import gate_of
from tests.world.chance import Dice
from tests.world.disk import MOMENTS
from tests.world.plan import Step
from tests.world.world import World
from web_admin.restore.actions import NotRestoring, leave_out_gate
from web_admin.restore.reviews import ALLOWED, KEPT, decide, keep_all, open_reviews

CLOCK_SHIFTS = (0, 0, -30, 60, -5_000, 5_000, 90_000_000)
MAX_BACKUPS = 3


def cut_power(world: World, step: Step) -> str:
    """Cut the power of a gate and give it back."""
    gate = gate_of(world, step.first)
    world.cut_power(gate, Dice(step.dice))
    return gate.gate_id


def pull_later(world: World, step: Step) -> str:
    """Let the power of a gate go at one of its next writes: before, in or after the commit."""
    gate = gate_of(world, step.first)
    writes, moment = 1 + step.second % 4, MOMENTS[step.dice % len(MOMENTS)]
    gate.disk.pull_at(writes, moment)
    return f"{gate.gate_id} at write {writes} {moment}"


def kill_server_later(world: World, step: Step) -> str:
    """Let the server die before one of its next commits."""
    world.cell.plug.writes_left = 1 + step.first % 4
    return f"at commit {world.cell.plug.writes_left}"


def part(world: World, step: Step) -> str:
    """Cut a gate off the network, or join it again."""
    gate = gate_of(world, step.first)
    world.network.apart ^= {gate.gate_id}
    return f"apart: {sorted(world.network.apart)}"


def answer_of_old(world: World, step: Step) -> str:
    """Let a false server between a gate and the true one answer with what it recorded."""
    gate = gate_of(world, step.first)
    world.network.replays = step.second
    try:
        gate.turn()
    finally:
        world.network.replays = None
    return f"{gate.gate_id} online={gate.sync._online}"


def shift_clock(world: World, step: Step) -> str:
    """Set the wall clock of a gate."""
    gate = gate_of(world, step.first)
    seconds = CLOCK_SHIFTS[step.second % len(CLOCK_SHIFTS)]
    gate.wall_ahead = timedelta(seconds=seconds)
    return f"{gate.gate_id} by {seconds} s"


def tamper(world: World, step: Step) -> str:
    """Open the cabinet of a gate and shut it."""
    gate = gate_of(world, step.first)
    for active in (True, False):
        gate.handle(InputChange("board", gate.lanes[0], InputKind.TAMPER, active, 0, "1"))
    if gate.keeper.tamper_id is None:
        world.breaches.append(f"gate {gate.gate_id} was opened and is not marked")
    return gate.gate_id


# -- backups ---------------------------------------------------------------------------------------


def back_up(world: World, step: Step) -> str:
    """Write a backup."""
    if len(world.cell.backups) >= MAX_BACKUPS:
        return "enough"
    world.cell.back_up()
    return f"{len(world.cell.backups)}"


def restore(world: World, step: Step) -> str:
    """Lose the server and start it again from one of its backups."""
    if not world.cell.backups:
        return "no backup"
    world.reader.close()
    world.network.forget_all()
    world.cell.restore(world.cell.backups[step.first % len(world.cell.backups)])
    world.reopen_tables()
    return f"{len(world.cell.backups)} backups"


def leave_out(world: World, step: Step) -> str:
    """Stop waiting for a gate that does not hand over what it holds."""
    gate = gate_of(world, step.first)
    try:
        with world.cell.database.session() as session:
            leave_out_gate(session, world.cell.sealer, gate.gate_id, world.now)
    except NotRestoring:
        return "no restore"
    world.left_out.add(gate.gate_id)
    world.facts.ended &= world.ended_for_sure(world.left_out)
    return gate.gate_id


def decide_restored(world: World, step: Step) -> str:
    """Decide about what a restore held back: allow one, keep one, or keep all."""
    with world.cell.database.session() as session:
        rows = open_reviews(session, world.cell.site_id)
        found = [(row.review_id, row.kind) for row in rows if row.kind not in ("staff", "api_key", "webhook")]
    if not found:
        return "nothing held back"
    if step.second % 3 == 0:
        return f"all {world.cell.do(keep_all)}"
    review_id, kind = found[step.first % len(found)]
    decision = KEPT if kind == "gate_here" or step.second % 3 == 1 else ALLOWED
    came = world.cell.do(lambda act: decide(act, review_id, decision))
    if kind == "gate" and decision == ALLOWED:
        world.facts.ended &= world.ended_for_sure(world.left_out)
    return f"{kind} {decision} {came}"
