"""`menjin fleet move`: carry a cell to another service; cut off, it goes on or is taken back."""

import argparse
from pathlib import Path

import msgspec

from fleet.commands.doing import EXIT_OK, would
from fleet.looking import Survey, known_cells, look, remember
from fleet.notes import read_note, write_note
from fleet.progress import Bar
from fleet.running import Event, PlaybookRun, Runner
from fleet.terminal import out
from fleet.words import FleetRefused, _

STEPS = ("expect", "pack", "fetch", "bring", "unpack", "leave", "arrive", "ask")


class Moving(msgspec.Struct, frozen=True):
    """A move that is under way: of which cell, from where to where."""

    cell: str
    source: str
    target: str
    host: str


def move(arguments: argparse.Namespace, runner: Runner) -> int:
    """Begin a move, go on with one, or take one back."""
    path = runner.fleet.state / f"move-{arguments.cell}.json"
    note = read_note(path, Moving)
    if arguments.undo:
        return _undo(arguments, runner, path, note)
    looked = look(runner, only=[arguments.cell])
    if note is None:
        note = _planned(arguments, runner, looked)
    elif arguments.service not in (None, note.target):
        raise FleetRefused(
            _(
                "%(cell)s is on its way to %(target)s: go on, or take it back with --undo",
                cell=note.cell,
                target=note.target,
            )
        )
    for service in (note.source, note.target):
        if service in looked.silent:
            raise FleetRefused(
                _("%(service)s gives no answer: %(why)s", service=service, why=looked.silent[service])
            )
    if not arguments.do:
        return would(_steps_of(note))
    write_note(path, note)
    _run(runner, "move", note)
    path.unlink()
    (path.with_suffix(".parcel")).unlink(missing_ok=True)
    remember(runner.fleet, known_cells(runner.fleet) | {note.cell: note.target})
    out(
        _(
            "%(cell)s is served by %(target)s. Lead its host there: %(host)s",
            cell=note.cell,
            target=note.target,
            host=note.host,
        )
    )
    return EXIT_OK


def _steps_of(note: Moving) -> list[str]:
    return [
        _(
            "would take %(cell)s out at %(source)s and pack it for %(target)s",
            cell=note.cell,
            source=note.source,
            target=note.target,
        ),
        _("would lay it down at %(target)s, compare every file and destroy the original", target=note.target),
        _("would serve it at %(target)s and ask it there", target=note.target),
    ]


def _planned(arguments: argparse.Namespace, runner: Runner, looked: Survey) -> Moving:
    if arguments.service is None:
        raise FleetRefused(_("say --to SERVICE: where it goes"))
    runner.fleet.service(arguments.service)
    one = looked.only_place(arguments.cell)
    if one.service == arguments.service:
        raise FleetRefused(_("%(cell)s is at %(service)s already", cell=arguments.cell, service=one.service))
    if one.cell.host is None:
        raise FleetRefused(
            _("%(cell)s: its settings name no host (%(why)s)", cell=arguments.cell, why=one.sentence)
        )
    return Moving(arguments.cell, one.service, arguments.service, one.cell.host)


def _undo(arguments: argparse.Namespace, runner: Runner, path: Path, note: Moving | None) -> int:
    if note is None:
        raise FleetRefused(_("no move of %(cell)s is under way", cell=arguments.cell))
    if not arguments.do:
        return would(
            [
                _(
                    "would remove what is at %(target)s, and serve %(cell)s at %(source)s again",
                    target=note.target,
                    cell=note.cell,
                    source=note.source,
                )
            ]
        )
    _run(runner, "unmove", note)
    path.unlink()
    (path.with_suffix(".parcel")).unlink(missing_ok=True)
    out(_("%(cell)s is served by %(source)s, as before", cell=note.cell, source=note.source))
    return EXIT_OK


def _run(runner: Runner, playbook: str, note: Moving) -> PlaybookRun:
    bar = Bar(len(STEPS))

    def hear(event: Event) -> None:
        if event.event == "ok" and event.task in STEPS:
            bar.step(f"{event.service}: {event.task}")

    values = {
        "cell": note.cell,
        "source": note.source,
        "target": note.target,
        "host": note.host,
        "file": f"/var/tmp/menjin-fleet-{note.cell}.parcel",  # noqa: S108 - sealed, made with O_EXCL, removed
        "here": str(runner.fleet.state / f"move-{note.cell}.parcel"),
    }
    ran = runner.run(playbook, [note.source, note.target], values, hear)
    bar.close()
    for wrong in ran.wrong():
        raise FleetRefused(
            _(
                "%(service)s, %(step)s: %(why)s. Say it once more to go on, or --undo",
                service=wrong.service,
                step=wrong.task,
                why=wrong.why,
            )
        )
    if ran.status:
        why = " ".join(ran.stderr.split())[:300]
        raise FleetRefused(_("the move did not finish: %(why)s", why=why))
    return ran
