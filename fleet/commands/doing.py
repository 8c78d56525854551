"""Do a command of `menjin web` for each of several cells on their machines, and gather what came of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from fleet.progress import Bar
from fleet.running import Event, Runner
from fleet.terminal import beside, out
from fleet.words import FleetRefused, _

EXIT_OK, EXIT_FAILED = 0, 1


@dataclass(frozen=True, slots=True)
class Round:
    cell: str
    words: Sequence[str]


@dataclass
class CommandResults:
    """The output of each command by cell, and why it failed where it did."""

    said: dict[str, str] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)

    @property
    def status(self) -> int:
        return EXIT_FAILED if self.wrong else EXIT_OK


def do(
    runner: Runner, rounds: Mapping[str, Sequence[Round]], *, on_done: Callable[[str], None] = lambda _: None
) -> CommandResults:
    """Run the commands; those of a machine one after another, the machines beside each other.

    `on_done` is given each cell whose command succeeded.
    """
    done = CommandResults()
    bar = Bar(sum(map(len, rounds.values())))

    def heard(event: Event) -> None:
        if event.event == "unreachable":
            for one in rounds[event.service]:
                if one.cell not in done.said:
                    done.wrong[one.cell] = event.why
            bar.say(f"{event.service}: {event.why}")
        elif event.cell and event.event == "ok":
            done.said[event.cell] = event.given.stdout
            bar.step(event.cell)
            on_done(event.cell)
        elif event.cell and event.event == "failed":
            done.wrong[event.cell] = event.why
            bar.step(f"{event.cell}: {event.why}")

    per_service = {
        service: {"rounds": [{"cell": one.cell, "words": list(one.words)} for one in those]}
        for service, those in rounds.items()
    }
    ran = runner.run("do", list(rounds), {}, heard, per_service=per_service)
    bar.close()
    for those in rounds.values():
        for one in those:
            if one.cell not in done.said and one.cell not in done.wrong:
                done.wrong[one.cell] = " ".join(ran.stderr.split())[:300] or _("nothing was changed")
    return done


def do_one(runner: Runner, service: str, cell: str, words: Sequence[str]) -> str:
    """Run one command; return what it printed; raise FleetRefused with why it failed."""
    done = do(runner, {service: [Round(cell, words)]})
    if cell in done.wrong:
        raise FleetRefused(f"{service}/{cell}: {done.wrong[cell]}")
    return done.said[cell]


def would(lines: Sequence[str]) -> int:
    """Print what would be done, and how it is done."""
    for line in lines:
        out(line)
    beside(_("Nothing was changed. With --do it is done."))
    return EXIT_OK
