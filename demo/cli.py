"""Run `menjin demo`: a seeded compound on this machine, its script, and pages to play with."""

import argparse
import json
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from demo.stage import Stage

EXIT_OK, EXIT_FAILED, EXIT_USAGE, EXIT_INTERRUPTED = 0, 1, 2, 130
PLAYED = "演示步骤引起 raised by a step of the demo"
"""The note of the alarms that the steps raised."""
SABOTAGES = ("allow_all", "deny_all", "replay", "deaf_sync", "numb", "hasty")


def run(argv: Sequence[str]) -> int:
    """Run the demo; return 0 when every step went well, 1 otherwise, 2 when it could not start."""
    parser = argparse.ArgumentParser(
        prog="menjin demo", description="Run a compound of 60 homes and three gates on this machine."
    )
    parser.add_argument("--tour", action="store_true", help="play every step first, a line each (a minute)")
    parser.add_argument("--once", action="store_true", help="play every step, then stop everything")
    parser.add_argument("--json", action="store_true", help="play the steps: a JSON object each, no words")
    parser.add_argument("--trace", type=Path, metavar="FILE", help="write the bytes seen on every pty")
    parser.add_argument(
        "--sabotage",
        choices=SABOTAGES,
        metavar="KIND",
        help=f"play the steps with a product broken from outside: {', '.join(SABOTAGES)}",
    )
    parser.add_argument(
        "--camera",
        type=int,
        metavar="N",
        help="the north gate of the pages looks through V4L2 camera N instead of simulated pictures",
    )
    options = parser.parse_args(argv)
    if options.camera is not None and not Path(f"/dev/video{options.camera}").exists():
        parser.error(f"argument --camera: there is no /dev/video{options.camera}; see `ls /dev/video*`")
    for number in (signal.SIGTERM, signal.SIGINT):  # a shell's background job has SIGINT ignored
        signal.signal(number, _end)
    try:
        return _run(options)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


def _end(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _run(options: argparse.Namespace) -> int:
    from demo.rig.processes import StartRefused
    from demo.saboteurs import sabotage_stage, wrapper_of
    from demo.stage import open_stage

    def tell(line: str) -> None:
        if not options.json:
            print(f"  … {line}", flush=True)

    began = time.monotonic()
    try:
        with open_stage(options.trace, wrapper=wrapper_of(options.sabotage), tell=tell) as stage:
            tell(f"ready after {time.monotonic() - began:.0f} s")
            sabotage_stage(options.sabotage, stage)
            plays = options.tour or options.once or options.json or options.sabotage is not None
            good = _play(stage, as_json=options.json) if plays else True
            if not options.once:
                _stay(stage, options.camera)
            return EXIT_OK if good else EXIT_FAILED
    except StartRefused as err:
        print(f"menjin demo: {err}", file=sys.stderr)
        return EXIT_USAGE


def _play(stage: "Stage", *, as_json: bool) -> bool:
    """Play every step, a line each; acknowledge the alarms they raised; return whether all went well."""
    from demo.script import play

    good = True
    for result in play(stage):
        good = good and result.ok
        if as_json:
            line = {"step": result.step, "ok": result.ok, "ms": result.ms, "detail": result.detail}
            print(json.dumps(line, ensure_ascii=False), flush=True)
        else:
            ms = f"{result.ms:8.1f} ms" if result.ms is not None else " " * 11
            print(f"  {'✓' if result.ok else '✗'} {result.step:<40}{ms}  {result.detail}", flush=True)
    stage.office.acknowledge_alarms(PLAYED)
    return good


def _stay(stage: "Stage", camera: int | None) -> None:
    """Print where everything is, and keep it running until Ctrl-C."""
    from demo.bench.page import BenchPage
    from demo.invitation import addresses

    if camera is not None:
        stage.use_camera(camera)
    else:
        _register_face(stage)
    page = BenchPage(stage)
    stage.closing.callback(page.close)
    for line in addresses(stage, page.address):
        print(line, flush=True)
    while True:
        time.sleep(1)


def _register_face(stage: "Stage") -> None:
    """Let one of the family of the front page be known by face; without it the street offers a button."""
    from demo.actors.gate_screen import ScreenSilent
    from demo.actors.phone import PageRefused
    from demo.bench.before_the_camera import register_face
    from demo.judge import StepFailed

    try:
        register_face(stage, stage.gates["north"])
    except (StepFailed, PageRefused, ScreenSilent, TimeoutError) as err:
        print(f"  … no face is registered yet: {err}", file=sys.stderr)
