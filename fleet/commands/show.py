"""`menjin fleet list` and `check`: where every cell is, and what is wrong with which."""

import argparse
import json

from fleet.judging import FoundCell
from fleet.looking import Survey, known_cells, look, remember
from fleet.running import Runner
from fleet.terminal import out
from fleet.words import _

EXIT_OK, EXIT_FAILED = 0, 1


def show(arguments: argparse.Namespace, runner: Runner) -> int:
    """Print every cell and its service; 1 where a service gives no answer."""
    looked = look(runner)
    _print(looked, [*looked.cells, *looked.misnamed], as_json=arguments.json)
    return EXIT_FAILED if looked.silent else EXIT_OK


def check(arguments: argparse.Namespace, runner: Runner) -> int:
    """Print what is wrong, everything with --json; 1 where something is."""
    if arguments.forget:
        known = known_cells(runner.fleet)
        remember(runner.fleet, {name: at for name, at in known.items() if name not in arguments.forget})
    looked = look(runner, check=True)
    found = [*looked.cells, *looked.misnamed]
    wrong = [one for one in found if one.cell.out is not None]
    _print(looked, found if arguments.json else wrong, as_json=arguments.json)
    if not arguments.json:
        services = len(runner.fleet.services)
        out(
            _(
                "%(cells)s cells at %(services)s services: %(out)s out, %(silent)s services without an "
                "answer",
                cells=len(found),
                services=services,
                out=len(wrong),
                silent=len(looked.silent) + len(looked.down),
            )
        )
    return EXIT_FAILED if wrong or looked.silent or looked.down else EXIT_OK


def _print(looked: Survey, cells: list[FoundCell], *, as_json: bool) -> None:
    for one in cells:
        out(json.dumps(facts(one), ensure_ascii=False) if as_json else _line(one))
    for service, why in (looked.silent | looked.down).items():
        out(
            json.dumps({"service": service, "unreachable": why}, ensure_ascii=False)
            if as_json
            else f"{service}: " + _("no answer: %(why)s", why=why)
        )


def facts(one: FoundCell) -> dict[str, object]:
    """Return what a program reads of a cell."""
    cell = one.cell
    wrong = {} if cell.out is None else {"what": cell.what, "where": cell.where, "todo": cell.todo}
    return {
        "cell": cell.cell,
        "service": one.service,
        "host": cell.host,
        "database": cell.database,
        "out": cell.out,
        **wrong,
        "served_by": cell.served_by,
    }


def _line(one: FoundCell) -> str:
    state = _("out, %(why)s", why=one.sentence) if one.cell.out else _("good")
    return f"{one.cell.cell:<24} {one.service:<16} {one.cell.host or '-':<32} {state}"
