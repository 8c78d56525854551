"""An installation of many compounds: which there are, and on how many machines they are spread."""

import heapq
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.growing import assumed, costs
from tests.world.chance import Dice

Numbers = npt.NDArray[np.float64]
DAY = 86_400.0
MINUTES = 1440


@dataclass(frozen=True)
class Compounds:
    """All cells: people and gates of each, and by how many minutes each lives later than the middle."""

    people: Numbers
    gates: Numbers
    shift: "npt.NDArray[np.intp]"

    @property
    def count(self) -> int:
        """Return how many there are."""
        return len(self.people)


def draw_compounds(cells: int, gates: int, seed: int) -> Compounds:
    """Draw compounds of different sizes that have so many gates and the average number of people."""
    dice = Dice(seed)
    sizes = np.array([dice.lognormvariate(0.0, assumed.SPREAD_OF_SIZES) for _cell in range(cells)])
    shift = np.array([dice.randrange(len(assumed.SHIFT_MINUTES)) for _cell in range(cells)])
    doors = sizes**0.7
    return Compounds(
        sizes / sizes.sum() * cells * assumed.PEOPLE_OF_A_CELL, doors / doors.sum() * gates, shift
    )


@dataclass(frozen=True)
class Load:
    """What a second asks for, for each process of the server (an array) or for all together."""

    asks: Any
    news: Any
    entries: Any
    pages: Any
    acts: Any
    rings: Any
    cells: Any

    def web(self) -> Any:
        """Return the share of a core of the server."""
        return (
            self.asks * costs.ASK_UNCHANGED_WEB_MS
            + self.news * costs.ASK_WITH_NEWS_WEB_MS
            + self.entries * costs.REQUEST_OF_ONE_ENTRY_WEB_MS
            + self.pages * costs.PAGE_WEB_MS
            + self.acts * (costs.PUBLICATION_WEB_MS + costs.PAGE_WEB_MS)
            + self.cells
            * (
                costs.OPEN_CELL_AT_REST_WEB_MS
                + costs.HOUSEKEEPING_WEB_MS / costs.HOUSEKEEPING_SECONDS
                + costs.OVERVIEW_WEB_MS / assumed.HEAD_OFFICE_SECONDS
            )
        ) / 1000

    def postgres(self) -> Any:
        """Return the share of a core of PostgreSQL."""
        return (
            self.asks * costs.ASK_UNCHANGED_POSTGRES_MS
            + self.news * costs.ASK_WITH_NEWS_POSTGRES_MS
            + self.entries * costs.REQUEST_OF_ONE_ENTRY_POSTGRES_MS
            + self.pages * costs.PAGE_POSTGRES_MS
            + self.acts * costs.PUBLICATION_POSTGRES_MS
            + self.cells
            * (
                costs.OPEN_CELL_AT_REST_POSTGRES_MS
                + costs.HOUSEKEEPING_POSTGRES_MS / costs.HOUSEKEEPING_SECONDS
                + costs.OVERVIEW_POSTGRES_MS / assumed.HEAD_OFFICE_SECONDS
            )
        ) / 1000

    def proxy(self) -> Any:
        """Return the share of a core of the proxy."""
        requests = self.asks + self.news + self.entries + self.pages + self.acts
        return requests * costs.REQUEST_PROXY_MS / 1000

    def log_bytes(self) -> Any:
        """Return what PostgreSQL writes into its log, for the standby too."""
        return (
            self.asks * costs.ASK_UNCHANGED_LOG_BYTES
            + self.news * costs.ASK_WITH_NEWS_LOG_BYTES
            + self.entries * costs.REQUEST_OF_ONE_ENTRY_LOG_BYTES
        )


@dataclass(frozen=True)
class Spread:
    """Compounds shared out among processes of the server, each of which has one core."""

    people_by_shift: Numbers
    gates: Numbers
    cells: Numbers

    def load(self, second: float, *, hearing: Any = 1.0) -> Load:
        """Return what a second of an ordinary day asks for; `hearing`: the share of gates with a bell."""
        minutes = int(second // 60)
        shares = np.array([_SHARES[(minutes - shift) % MINUTES] for shift in assumed.SHIFT_MINUTES])
        passages = self.people_by_shift @ shares * assumed.PASSAGES_OF_A_PERSON / 3600
        by_day = _SHARES[minutes] / 3600
        acts = self.cells * assumed.ACTS_OF_A_CELL * by_day
        rings = acts * self.gates / np.maximum(self.cells, 1)
        return Load(
            asks=self.gates
            * (hearing / costs.SECONDS_WITH_BELL + (1 - hearing) / costs.SECONDS_WITHOUT_BELL),
            news=passages * costs.NEWS_OF_A_PASSAGE + rings,
            entries=passages,
            pages=(
                self.people_by_shift.sum(1) * assumed.PAGES_OF_A_PERSON
                + self.cells * assumed.PAGES_OF_AN_OFFICE
            )
            * by_day,
            acts=acts,
            rings=rings,
            cells=self.cells,
        )

    def busiest_second(self) -> float:
        """Return when most is asked for."""
        return max(
            (60.0 * minute for minute in range(0, MINUTES, 5)),
            key=lambda second: float(self.load(second).web().sum()),
        )


_SHARES = [assumed.share_of_day(minute / 60) for minute in range(MINUTES)]


def places(compounds: Compounds, processes: int) -> "npt.NDArray[np.intp]":
    """Return the process of each compound: the largest first, each to where there are fewest people."""
    found = np.zeros(compounds.count, dtype=np.intp)
    if processes > 1:
        room = [(0.0, process) for process in range(processes)]
        for one in np.argsort(-compounds.people, kind="stable"):
            people, process = room[0]
            found[one] = process
            heapq.heapreplace(room, (people + float(compounds.people[one]), process))
    return found


def spread(compounds: Compounds, processes: int) -> Spread:
    """Share compounds out so that processes have about as many people, as one moves them over the years."""
    place = places(compounds, processes)
    shifts = len(assumed.SHIFT_MINUTES)
    people = np.bincount(place * shifts + compounds.shift, compounds.people, processes * shifts)
    return Spread(
        people.reshape(processes, shifts),
        np.bincount(place, compounds.gates, processes),
        np.bincount(place, minlength=processes).astype(float),
    )


@dataclass(frozen=True)
class Machines:
    processes: int
    web: int
    groups: int
    """Of PostgreSQL: a primary with its standby each."""
    brokers: int
    proxies: int
    decides: str
    """What decides how many groups there are."""

    @property
    def total(self) -> int:
        return self.web + 2 * self.groups + self.brokers + self.proxies


def size(compounds: Compounds) -> Machines:
    """Return how many machines the busiest minute, memory, connections and a year's disk need."""
    whole = spread(compounds, 1)
    busiest = whole.load(whole.busiest_second())
    processes = math.ceil(float(busiest.web().sum()) / assumed.FULL)
    wants = {
        "its cores": float(busiest.postgres().sum()) / (assumed.CORES * assumed.FULL),
        "its connections": connections(compounds) / assumed.CONNECTIONS_OF_POSTGRES,
        "memory of its connections": connections(compounds)
        * costs.CONNECTION_MEMORY_POSTGRES_MIB
        / (assumed.MEMORY_GIB * 1024 * assumed.FULL_MEMORY / 2),
        "the number of its databases": compounds.count / assumed.DATABASES_OF_POSTGRES,
        "a year's entries on its disk": year_tb(compounds) / (assumed.DISK_TB * assumed.FULL_MEMORY),
    }
    decides = max(wants, key=lambda one: wants[one])
    gates = float(compounds.gates.sum())
    memory_kib = assumed.MEMORY_GIB * 2**20 * assumed.FULL_MEMORY
    return Machines(
        processes,
        1 + math.ceil(processes / assumed.PROCESSES_OF_A_MACHINE),
        math.ceil(wants[decides]),
        max(3, 1 + math.ceil(gates * costs.BELL_MEMORY_BROKER_KIB / memory_kib)),
        1
        + math.ceil(
            max(
                gates * costs.TLS_MEMORY_PROXY_KIB / memory_kib,
                float(busiest.proxy().sum()) / (assumed.CORES * assumed.FULL),
            )
        ),
        decides,
    )


def connections(compounds: Compounds) -> float:
    """Return the connections to PostgreSQL where each cell is open in one process."""
    return compounds.count * costs.OPEN_CELL_CONNECTIONS


def entries_a_day(compounds: Compounds) -> float:
    return float(compounds.people.sum()) * assumed.PASSAGES_OF_A_PERSON


def year_tb(compounds: Compounds) -> float:
    """Return what databases have on the disk after a year: entries stay, without names."""
    entries = entries_a_day(compounds) * 365 * costs.ENTRY_STORED_BYTES
    return (entries + compounds.count * costs.DATABASE_OF_A_CELL_MIB * 2**20) / 1e12
