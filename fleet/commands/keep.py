"""`menjin fleet backup` and `restore`: sealed files on each machine, and cells from them."""

import argparse

import msgspec

from fleet.commands.doing import EXIT_FAILED, EXIT_OK, Round, do, do_one, would
from fleet.inventory import Fleet, Service, odd
from fleet.looking import Survey, look
from fleet.notes import read_note, write_note
from fleet.running import Runner
from fleet.terminal import beside, out
from fleet.words import FleetRefused, _

BACKUP_NOTE = "backup.json"


class Backups(msgspec.Struct):
    """How far a round of backups has come."""

    left: list[str]


def backup(arguments: argparse.Namespace, runner: Runner) -> int:
    """Back up cells, all unless some are named; cut off or with failures, go on with what is left."""
    looked, path = look(runner), runner.fleet.state / BACKUP_NOTE
    note = read_note(path, Backups) if not arguments.cells else None
    if note is not None and not arguments.again:
        beside(_("Going on: %(count)s cells are left. --again begins with all.", count=len(note.left)))
        names = note.left
    else:
        names = arguments.cells or sorted({one.cell.cell for one in looked.cells if one.cell.host})
    stamp = f"{arguments.now:%Y%m%dT%H%M%SZ}"
    rounds: dict[str, list[Round]] = {}
    lines = []
    for name in names:
        service = looked.only_place(name).service
        words = backup_words(runner.fleet.service(service), service, name, stamp)
        rounds.setdefault(service, []).append(Round(name, words))
        lines.append(
            _("would back up %(cell)s of %(service)s to %(file)s", cell=name, service=service, file=words[3])
        )
    if not arguments.do:
        return would(lines)
    left = Backups(list(names))

    def write_down(cell: str = "") -> None:
        if arguments.cells:
            return
        left.left = [name for name in left.left if name != cell]
        write_note(path, left)

    write_down()
    done = do(runner, rounds, on_done=write_down)
    for name, why in done.wrong.items():
        beside(_("%(cell)s was not backed up: %(why)s", cell=name, why=why))
    for service, why in looked.silent.items():
        beside(_("%(service)s: no answer: %(why)s", service=service, why=why))
    if not arguments.cells and not left.left:
        path.unlink()
    out(_("%(count)s cells are backed up, %(wrong)s are not", count=len(done.said), wrong=len(done.wrong)))
    return EXIT_FAILED if done.wrong or looked.silent else EXIT_OK


def backup_words(service: Service, name: str, cell: str, stamp: str) -> list[str]:
    """Return the command that backs a cell up; raise FleetRefused where its service has no place for it."""
    if not service.backups or not service.passphrase_file:
        raise FleetRefused(
            _(
                "[services.%(name)s] has no backups or no passphrase_file: a backup is sealed, "
                "and lies there",
                name=name,
            )
        )
    return [
        "backup",
        "--data-dir",
        f"{service.cells}/{cell}",
        f"{service.backups}/{cell}-{stamp}.menjin",
        "--passphrase-file",
        service.passphrase_file,
    ]


def restore(arguments: argparse.Namespace, runner: Runner) -> int:
    """Fill a cell from a backup; keep or undo what was restored."""
    looked = look(runner)
    name, service = arguments.cell, _service_of(arguments, looked)
    place = f"{runner.fleet.service(service).cells}/{name}"
    if arguments.keep or arguments.undo:
        option = "--keep" if arguments.keep else "--undo"
        words = ["cells", "restore", place, option, *([] if arguments.do else ["--dry-run"])]
        said = do_one(runner, service, name, words)
        out(said, end="")
        return EXIT_OK if arguments.do else would([])
    if not arguments.file and not arguments.there:
        raise FleetRefused(_("say --from FILE, a backup on this machine, or --there FILE, one on the other"))
    file = arguments.there or f"/var/tmp/menjin-fleet-{name}.menjin"  # noqa: S108 - removed at the end, 0600
    brought = str(arguments.file.resolve()) if arguments.file else ""
    if why := odd(file) or odd(brought):
        raise FleetRefused(f"{brought or file}: {why}")
    words = ["cells", "restore", place, file, *_options(arguments, looked, runner.fleet, service, name)]
    at = [one for one in looked.of(name) if one.cell.host is not None]
    lines = [
        _(
            "would fill %(place)s of %(service)s from %(file)s",
            place=place,
            service=service,
            file=brought or file,
        )
    ]
    if at:
        lines.append(_("would set aside what is there until --keep or --undo"))
    if not arguments.do:
        return would(lines)
    ran = runner.run("restore", [service], {"words": words, "file": file, "brought_from": brought})
    for wrong in ran.wrong():
        raise FleetRefused(f"{service}/{name}: {wrong.why}")
    for event in ran.given("restore"):
        out(event.given.stdout, end="\n" if not event.given.stdout.endswith("\n") else "")
        beside(event.given.stderr)
    return EXIT_OK


def _service_of(arguments: argparse.Namespace, looked: Survey) -> str:
    """Return where the cell is or shall be; raise FleetRefused where it might be elsewhere."""
    at = [one for one in looked.of(arguments.cell) if one.cell.host is not None]
    if at and arguments.service in (None, *(one.service for one in at)):
        return looked.only_place(arguments.cell).service
    if at:
        raise FleetRefused(
            _(
                "%(cell)s is at %(service)s: restore it there with --replace, or retire it first",
                cell=arguments.cell,
                service=at[0].service,
            )
        )
    if arguments.service is None:
        raise FleetRefused(_("%(cell)s is nowhere: say --on SERVICE", cell=arguments.cell))
    if not arguments.although_silent:
        looked.refuse_silence(arguments.cell)
    return str(arguments.service)


def _options(
    arguments: argparse.Namespace, looked: Survey, fleet: Fleet, service: str, name: str
) -> list[str]:
    host = next((one.cell.host for one in looked.of(name) if one.service == service), None)
    url = arguments.public_url or (f"https://{host}" if host else None)
    if url is None:
        raise FleetRefused(_("say --public-url: the address that residents type"))
    if why := odd(url):
        raise FleetRefused(f"--public-url {url!r}: {why}")
    about = fleet.service(service)
    if not about.passphrase_file:
        raise FleetRefused(
            _("[services.%(name)s] has no passphrase_file: a backup opens with one alone", name=service)
        )
    return [
        "--public-url",
        url,
        "--passphrase-file",
        about.passphrase_file,
        *(["--replace"] if arguments.replace else []),
    ]
