"""Needs of an installation as it grows, and its first limits."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.growing import assumed, costs
from tests.growing.day import HOUR, QUIET_HOUR, Day, Played, backup_bytes
from tests.growing.fleet import (
    Compounds,
    connections,
    draw_compounds,
    entries_a_day,
    size,
    spread,
    year_tb,
)

SIZES = ((10_000, 300), (100_000, 3_000), (1_000_000, 30_000))
SEED = 16
SMALL_CORES, SMALL_GIB = 2, 8
"""Of each machine in the table of what breaks first."""


@dataclass(frozen=True)
class Grown:
    """One size: its compounds and its day."""

    gates: int
    cells: int
    compounds: Compounds
    day: Day
    lone: Day
    """The hour of the lost machine once more, with none to spare."""
    rush: float
    """The hour at which most is asked for."""


def play(gates: int, cells: int, seed: int = SEED) -> Grown:
    """Play the day of an installation of this size."""
    compounds = draw_compounds(cells, gates, seed)
    machines = size(compounds)
    day = Played(compounds, machines).run()
    lone = Played(compounds, machines, has_spare=False).run(assumed.MACHINE_LOST, assumed.MACHINE_LOST + 0.5)
    return Grown(gates, cells, compounds, day, lone, spread(compounds, 1).busiest_second() / HOUR)


def number(value: float) -> str:
    """Return a number with two digits that count."""
    if value == 0:
        return "0"
    rounded = float(f"{value:.2g}")
    return f"{rounded:,.0f}" if rounded >= 10 else f"{rounded:g}"


def seconds(value: float) -> str:
    """Return a duration as people say it."""
    if value < 0.1:
        return "none"
    if value < 120:
        return f"{number(value)} s"
    return f"{number(value / 60)} min" if value < 2 * HOUR else f"{number(value / HOUR)} h"


def _of(write: Callable[[float], str], value: Callable[[Grown], float]) -> Callable[[Grown], str]:
    return lambda grown: write(value(grown))


def asked_a_second(grown: Grown) -> float:
    """Return how many compounds a head office asks in a second."""
    return grown.cells / assumed.HEAD_OFFICE_SECONDS


# fmt: off
ROWS: tuple[tuple[str, Callable[[Grown], str]], ...] = (
    ("people", lambda one: f"{one.cells * assumed.PEOPLE_OF_A_CELL:,}"),
    ("passages a day", _of(number, lambda one: entries_a_day(one.compounds))),
    ("**machines in all** (8 cores, 32 GiB)", lambda one: f"**{one.day.machines.total:,}**"),
    ("cores of the server in use, at 04:30 and in the rush", lambda one: (
        f"{number(one.day.web.at(QUIET_HOUR))}, {number(one.day.web.at(one.rush))}")),
    ("its processes, each with one core, and compounds of each", lambda one: (
        f"{one.day.machines.processes:,}, {number(one.cells / one.day.machines.processes)}")),
    ("its machines, one of them to spare", lambda one: f"{one.day.machines.web:,}"),
    ("cores of PostgreSQL in use in the rush", _of(number, lambda one: one.day.postgres.at(one.rush))),
    ("connections, each compound in one process", _of(number, lambda one: connections(one.compounds))),
    ("the same, if every process had every compound", _of(
        number, lambda one: connections(one.compounds) * one.day.machines.processes)),
    ("pairs of PostgreSQL", lambda one: f"{one.day.machines.groups:,}"),
    ("what decides how many", lambda one: one.day.machines.decides),
    ("disk of all databases after a year", _of(
        lambda tb: f"{number(tb)} TB", lambda one: year_tb(one.compounds))),
    ("log for the standbys, a day", _of(lambda tb: f"{number(tb)} TB", lambda one: one.day.log_bytes / 1e12)),
    ("connections to brokers, of gates and of compounds", lambda one: (
        f"{number(one.gates)}, {number(one.cells)}")),
    ("brokers", lambda one: str(one.day.machines.brokers)),
    ("proxies, one of them to spare", lambda one: str(one.day.machines.proxies)),
    ("**a broker restarts**, 10:00: questions a second, before and at most", lambda one: (
        f"{number(one.gates / costs.SECONDS_WITH_BELL)}, {number(one.day.asks_without_bell)}")),
    ("until every bell is heard again", _of(
        seconds, lambda one: one.day.broker.quiet_again(assumed.BROKER_RESTARTS))),
    ("longest wait for an answer", _of(
        seconds, lambda one: one.day.web.longest_wait(assumed.BROKER_RESTARTS))),
    ("**an upgrade in waves**, 14:00: all are done after", _of(seconds, lambda one: one.day.upgrade_ends)),
    ("longest wait for an answer", _of(
        seconds, lambda one: one.day.web.longest_wait(assumed.UPGRADE_BEGINS))),
    ("**a machine of the server is lost**, 18:30: gates of it", _of(
        number, lambda one: one.day.gates_of_a_machine)),
    ("longest wait for an answer", _of(seconds, lambda one: one.day.web.longest_wait(assumed.MACHINE_LOST))),
    ("with none to spare, for ten minutes: entries that its gates keep", _of(
        number, lambda one: one.lone.entries_kept)),
    ("longest wait when it is back, until all is caught up", _of(
        seconds, lambda one: one.lone.web.longest_wait(assumed.MACHINE_LOST))),
    ("**a proxy is lost**, 20:30: gates that connect at once", _of(
        number, lambda one: one.day.gates_of_a_proxy)),
    ("until the last of them is connected", _of(
        seconds, lambda one: one.day.proxy.longest_wait(assumed.PROXY_LOST))),
    ("**backups of a night**, 02:40: done after, with the entries of 30 days", _of(
        seconds, lambda one: one.day.backups_end[30])),
    ("the same with those of a year", _of(seconds, lambda one: one.day.backups_end[365])),
    ("files of such a night", _of(
        lambda tb: f"{number(tb)} TB", lambda one: backup_bytes(one.compounds, 365) / 1e12)),
    ("certificates renewed a day", _of(number, lambda one: one.cells / assumed.DAYS_OF_A_CERTIFICATE)),
    ("weeks until each host of one domain has its first certificate", _of(
        number, lambda one: one.cells / assumed.CERTIFICATES_A_WEEK)),
    ("compounds that a head office asks a second; its cores, and the compounds' for it", lambda one: (
        f"{number(asked_a_second(one))}; {number(asked_a_second(one) * costs.HEAD_OFFICE_ASKS_MS / 1000)}, "
        f"{number(asked_a_second(one) * costs.OVERVIEW_WEB_MS / 1000)}")),
)
# fmt: on


def grown_lines() -> Iterator[str]:
    """Yield the table of what is needed."""
    grown = [play(gates, cells) for gates, cells in SIZES]
    yield "| | " + " | ".join(f"{one.gates:,} gates, {one.cells:,} compounds" for one in grown) + " |"
    yield "|---|" + "---|" * len(grown)
    for what, write in ROWS:
        yield f"| {what} | " + " | ".join(write(one) for one in grown) + " |"


@dataclass(frozen=True)
class Limit:
    """Something that is full at so many gates, where one has one of each and a compound has 33 of them."""

    gates: float
    what: str
    remedy: str


def limits() -> list[Limit]:
    """Return what is full when, the first one first."""
    gates, cells = SIZES[0]
    compounds = draw_compounds(cells, gates, SEED)
    whole = spread(compounds, 1)
    rush = whole.load(whole.busiest_second())
    memory_kib = SMALL_GIB * 2**20 * assumed.FULL_MEMORY
    night = (assumed.NIGHT_ENDS - assumed.BACKUPS_BEGIN) * HOUR
    of_cell = gates / cells
    kib_of_cell = costs.OPEN_CELL_CONNECTIONS * costs.CONNECTION_MEMORY_POSTGRES_MIB * 1024

    def until(days: int) -> float:
        entries = entries_a_day(compounds) / cells / 1000 * days
        return of_cell * night / (costs.BACKUP_COMMAND_S + entries * costs.BACKUP_THOUSAND_ENTRIES_S)

    found = [
        Limit(
            gates * assumed.FULL / float(rush.web().sum()),
            "one process of the server in the rush",
            "more processes: several services, each with its folder of cells, or `--workers`",
        ),
        Limit(
            of_cell * (assumed.DEBIANS_CONNECTIONS - 3) / costs.OPEN_CELL_CONNECTIONS,
            f"`max_connections` = {assumed.DEBIANS_CONNECTIONS} of Debian's PostgreSQL, with one process",
            "raise it; let each compound be served by one process",
        ),
        Limit(
            of_cell * assumed.CERTIFICATES_A_WEEK,
            "new certificates of one domain in a week, at Let's Encrypt",
            "begin weeks before; or one certificate for `*.gates.example`",
        ),
        Limit(
            until(365),
            "one core in a night, for backups with a year's entries",
            "more cores at night; full backups less often, and PostgreSQL's own between them",
        ),
        Limit(until(30), "one core in a night, for backups with 30 days' entries", "more cores at night"),
        Limit(
            gates * SMALL_CORES * assumed.FULL / float(rush.postgres().sum()),
            "PostgreSQL's two cores in the rush",
            "a larger machine, then a second pair with half of the compounds",
        ),
        Limit(
            of_cell * memory_kib / 2 / kib_of_cell,
            "half of PostgreSQL's memory, by connections of one process each",
            "more memory; each compound in one process alone",
        ),
        Limit(
            of_cell * assumed.DATABASES_OF_POSTGRES,
            "databases that autovacuum looks at once a minute",
            "a second pair of PostgreSQL",
        ),
        Limit(
            gates * assumed.DISK_TB * assumed.FULL_MEMORY / year_tb(compounds),
            f"a disk of {assumed.DISK_TB:g} TB after a year",
            "a larger disk, then a second pair: passages stay, without names",
        ),
        Limit(
            gates * SMALL_CORES * assumed.FULL / float(rush.proxy().sum()),
            "the proxy's two cores in the rush",
            "a second proxy, by the names of hosts",
        ),
        Limit(
            memory_kib / costs.TLS_MEMORY_PROXY_KIB, "the proxy's memory, by connections", "a second proxy"
        ),
        Limit(
            memory_kib / costs.BELL_MEMORY_BROKER_KIB,
            "one broker's memory, by connections",
            "three brokers; then one cluster for each few hundred compounds",
        ),
        Limit(
            of_cell * assumed.HEAD_OFFICE_SECONDS * assumed.FULL / costs.HEAD_OFFICE_ASKS_MS * 1000,
            "one head office, whose process asks each compound once a minute",
            "`ask_every_seconds = 300`; then one for each region",
        ),
        Limit(
            30 * SMALL_CORES / costs.BELL_CONNECTS_BROKER_MS * 1000,
            "a broker that starts again, until all are back within half a minute",
            "three brokers: the other two take them in at once",
        ),
    ]
    return sorted(found, key=lambda one: one.gates)


def breaks_lines() -> Iterator[str]:
    """Yield the table of what breaks first."""
    yield "| gates | what is full | what one does |"
    yield "|---|---|---|"
    for one in limits():
        yield f"| {number(one.gates)} | {one.what} | {one.remedy} |"
