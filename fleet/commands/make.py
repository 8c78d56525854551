"""`menjin fleet create` and `retire`: a new cell on a machine, and one that is removed for good."""

import argparse

from fleet.commands.doing import EXIT_OK, do_one, would
from fleet.commands.keep import backup_words
from fleet.inventory import odd
from fleet.looking import known_cells, look, remember
from fleet.running import Runner
from fleet.terminal import beside, out
from fleet.words import FleetRefused, _


def create(arguments: argparse.Namespace, runner: Runner) -> int:
    """Make a new compound as a cell of a service; what `menjin web init` asks is said as options."""
    name, service = arguments.cell, runner.fleet.service(arguments.service)
    for word in arguments.options:
        if why := odd(word):
            raise FleetRefused(f"{word!r}: {why}")
    looked = look(runner)
    for one in looked.of(name):
        if one.cell.host is not None and one.service != arguments.service:
            raise FleetRefused(_("%(cell)s is at %(service)s already", cell=name, service=one.service))
    if not arguments.although_silent:
        looked.refuse_silence(name)
    words = ["cells", "create", f"{service.cells}/{name}", *arguments.options]
    if not arguments.do:
        out(do_one(runner, arguments.service, name, [*words, "--dry-run"]), end="")
        return would([])
    out(do_one(runner, arguments.service, name, words), end="")
    remember(runner.fleet, known_cells(runner.fleet) | {name: arguments.service})
    return EXIT_OK


def retire(arguments: argparse.Namespace, runner: Runner) -> int:
    """Remove a cell for good, after a last backup."""
    name = arguments.cell
    looked = look(runner, only=[name])
    service = looked.only_place(name).service
    about = runner.fleet.service(service)
    place = f"{about.cells}/{name}"
    stamp = f"{arguments.now:%Y%m%dT%H%M%SZ}"
    last = None if arguments.no_backup else backup_words(about, service, name, f"retired-{stamp}")
    said = do_one(runner, service, name, ["cells", "retire", place, "--dry-run"])
    if not arguments.do:
        lines = [_("would hold %(cell)s of %(service)s", cell=name, service=service)]
        if last is not None:
            lines.append(_("would back it up to %(file)s", file=last[3]))
        return would([*lines, said.rstrip("\n")])
    if "cut off" not in said:
        do_one(runner, service, name, ["cells", "hold", place])
        if last is not None:
            out(do_one(runner, service, name, last), end="")
    out(do_one(runner, service, name, ["cells", "retire", place]), end="")
    known = known_cells(runner.fleet)
    remember(runner.fleet, {cell: at for cell, at in known.items() if cell != name})
    beside(_("Face data cannot be restored. Take its host out of the proxy."))
    return EXIT_OK
