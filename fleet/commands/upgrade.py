"""`menjin fleet upgrade`: bring cells to the next version in waves, and stop at the first red."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from fleet.commands.doing import EXIT_FAILED, EXIT_OK, do_one, would
from fleet.judging import BY_OPERATOR, HELD, MISSING, FoundCell
from fleet.looking import Survey, look
from fleet.notes import read_note, write_note
from fleet.progress import Bar
from fleet.running import Event, Runner
from fleet.terminal import beside, out
from fleet.waves import Waves, next_wave
from fleet.words import FleetRefused, _

NOTE = "upgrade.json"
DONE = "done"


class CellUpgrade(msgspec.Struct, frozen=True):
    """The state of one cell, as `menjin web cells upgrade` prints it."""

    cell: str
    state: str
    what: str = ""
    where: str = ""
    todo: str = ""


def upgrade(arguments: argparse.Namespace, runner: Runner) -> int:
    """Bring every cell to the next version: one, then tens; or take one back."""
    path = runner.fleet.state / NOTE
    looked, waves = look(runner), read_note(path, Waves) or Waves()
    after = {name: one.upgrade_to for name, one in runner.fleet.services.items() if one.upgrade_to}
    if not after:
        raise FleetRefused(
            _("%(path)s: no service has upgrade_to, the service of the next version", path=runner.fleet.path)
        )
    if arguments.undo:
        return _undo(arguments, runner, looked, waves, path)
    for service in {*after, *after.values()} & looked.silent.keys():
        raise FleetRefused(
            _("%(service)s gives no answer: %(why)s", service=service, why=looked.silent[service])
        )
    sources = _sources(looked, after, waves)
    for one in looked.cells:
        if one.service in after and _is_kept(one, waves):
            beside(
                _(
                    "%(cell)s of %(service)s is out of service and stays as it is",
                    cell=one.cell.cell,
                    service=one.service,
                )
            )
    left = [name for name in sources if name not in waves.wave]
    if not arguments.do:
        return would(_plan(waves, left, arguments, sources, after))
    count = len(waves.done) + len(sources)
    bar = Bar(count)
    if waves.done or waves.wave:
        bar.step(_("going on: %(count)s are done", count=len(waves.done)), by=len(waves.done))
    while waves.wave or left:
        waves.wave = next_wave(waves, left, arguments.wave, arguments.canary)
        write_note(path, waves)
        red = _one_wave(runner, waves, sources, after, bar)
        write_note(path, waves)
        if red:
            bar.close()
            return _stopped(red, waves, count)
        left = [name for name in left if name not in waves.done]
    bar.close()
    path.unlink(missing_ok=True)
    out(_("%(count)s cells are at the next version, none is left", count=len(waves.done)))
    return EXIT_OK


def _sources(looked: Survey, after: Mapping[str, str], waves: Waves) -> dict[str, str]:
    """Return the cells that are not done with the service each comes from."""
    found = {}
    before = {new: old for old, new in after.items()}
    for one in looked.cells:
        name = one.cell.cell
        if one.service in after and one.cell.out != MISSING and not _is_kept(one, waves):
            found[name] = one.service
        elif name in waves.wave and one.service in before:
            found.setdefault(name, before[one.service])
    waves.wave = [name for name in waves.wave if name in found]
    return found


def _is_kept(one: FoundCell, waves: Waves) -> bool:
    """Return whether an operator holds the cell.

    Where its service does not say who does: one of a wave that was cut off is held by the upgrade.
    """
    if one.cell.out != HELD or one.cell.held_by is None:
        return one.cell.out == HELD and one.cell.cell not in waves.wave
    return BY_OPERATOR in one.cell.held_by


def _plan(
    waves: Waves,
    left: Sequence[str],
    arguments: argparse.Namespace,
    sources: Mapping[str, str],
    after: Mapping[str, str],
) -> list[str]:
    so_far, rest = Waves(list(waves.wave), list(waves.done)), list(left)
    lines: list[str] = []
    while so_far.wave or rest:
        wave = next_wave(so_far, rest, arguments.wave, arguments.canary)
        to = ", ".join(sorted({after[sources[name]] for name in wave}))
        lines.append(
            _("wave %(number)s: %(cells)s to %(to)s", number=len(lines) + 1, cells=" ".join(wave), to=to)
        )
        so_far = Waves([], [*so_far.done, *wave])
        rest = [name for name in rest if name not in wave]
    return lines or [_("every cell is at the next version")]


def _one_wave(
    runner: Runner, waves: Waves, sources: Mapping[str, str], after: Mapping[str, str], bar: Bar
) -> dict[str, str]:
    """Bring one wave over; take what is good from it; return what is not, with why."""
    of_service: dict[str, list[str]] = {}
    for name in waves.wave:
        of_service.setdefault(sources[name], []).append(name)
    per_service = {
        after[old]: {"wave": [f"{runner.fleet.service(old).cells}/{name}" for name in names]}
        for old, names in of_service.items()
    }
    ours = {after[old]: names for old, names in of_service.items()}
    said: dict[str, CellUpgrade] = {}
    asked: set[str] = set()
    red: dict[str, str] = {}

    def hear(event: Event) -> None:
        if event.task == "upgrade" and event.event == "ok":
            try:
                read = _read(event.given.stdout)
            except msgspec.MsgspecError:
                read = []
            # A machine speaks for its own cells alone.
            said.update((one.cell, one) for one in read if one.cell in ours[event.service])
            if not read:
                red[event.service] = event.why
        elif event.task == "ask" and event.cell in ours[event.service] and event.event == "ok":
            asked.add(event.cell)
            bar.step(f"{event.service}: {event.cell}")
        elif event.event in {"failed", "unreachable"}:
            red[event.cell if event.cell in ours[event.service] else event.service] = event.why

    ran = runner.run("upgrade", list(per_service), {}, hear, per_service=per_service)
    for name, one in said.items():
        if one.state != DONE:
            red[name] = " ".join(f"{one.where}: {one.what}. {one.todo}".split())
    good = [name for name in waves.wave if name in asked]
    waves.done += good
    waves.wave = [name for name in waves.wave if name not in good]
    if waves.wave and not red:
        red[waves.wave[0]] = " ".join(ran.stderr.split())[:300] or _("nothing was changed")
    return red


def _read(stdout: str) -> list[CellUpgrade]:
    return [
        msgspec.json.decode(line, type=CellUpgrade) for line in stdout.splitlines() if line.startswith("{")
    ]


def _stopped(red: Mapping[str, str], waves: Waves, count: int) -> int:
    for name, why in red.items():
        out(_("%(cell)s is red: %(why)s", cell=name, why=why))
    out(
        _(
            "Stopped: %(done)s of %(count)s are at the next version, the rest as before. Mend it and say "
            "menjin fleet upgrade --do once more, or take a cell back: --undo CELL",
            done=len(waves.done),
            count=count,
        )
    )
    return EXIT_FAILED


def _undo(arguments: argparse.Namespace, runner: Runner, looked: Survey, waves: Waves, path: Path) -> int:
    name = arguments.undo
    new = looked.only_place(name).service
    old = runner.fleet.service_before(new)
    if old is None:
        raise FleetRefused(_("%(service)s is no service of a next version", service=new))
    about = runner.fleet.service(old)
    upgraded = f"{runner.fleet.service(about.upgrade_to).cells}/{name}"
    words = ["cells", "downgrade", upgraded, "--into", about.cells]
    if about.passphrase_file:
        words += ["--passphrase-file", about.passphrase_file]
    out(do_one(runner, old, name, [*words, *([] if arguments.do else ["--dry-run"])]), end="")
    if not arguments.do:
        return would([])
    waves.wave = [one for one in waves.wave if one != name]
    waves.done = [one for one in waves.done if one != name]
    write_note(path, waves)
    beside(_("%(cell)s is at %(service)s, as before", cell=name, service=old))
    return EXIT_OK
