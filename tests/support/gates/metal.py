"""The demo's metal without its processes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from demo.bench.workbench import WORKBENCH
from demo.bench.workbench_gate import lay_out_workbench
from demo.rig.gate_ends import TraceFile
from demo.stage import Stage
from demo.world.compound import Compound, Member
from demo.world.site_files import GATES


@contextmanager
def metal_alone(folder: Path, *, workbench: bool = False) -> Iterator[Stage]:
    """Yield a stage with three gates' metal and cables (and the workbench's), some cards, and no process."""
    stage = Stage(folder, TraceFile(None), face=False, wrapper=[], tell=print)
    for plan in GATES:
        stage.gates[plan.gate_id] = stage.lay_out(plan)
    if workbench:
        stage.gates[WORKBENCH.gate_id] = lay_out_workbench(stage)
    family = [
        Member("陈静 Chen Jing", "4-0501", 0x11223344, pin="123456"),
        Member("陈杰 Chen Jie", "4-0501", 7),
    ]
    stage.compound = Compound(
        {"face_a": family[0], "face_b": family[1]}, [Member("李伟", "1-0101", 0x12345678), *family]
    )
    try:
        yield stage
    finally:
        stage.close()
