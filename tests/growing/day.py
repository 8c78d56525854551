"""One day of an installation, second by second where something happens: rushes, backups, faults, an upgrade.

Each process of the server, PostgreSQL, the broker and the proxy has so many cores; what is asked for beyond
them waits. What waits is what people notice.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from tests.growing import assumed, costs
from tests.growing.fleet import Compounds, Machines, Numbers, Spread, entries_a_day, places, spread

HOUR = 3600.0
CLOSE_LOOK_SECONDS = 900
"""After a fault each second is looked at for so long."""
COARSE_SECONDS = 300.0
BROKERS_OF_A_CLUSTER = 3
QUIET_HOUR = 4.5
FAULTS = (assumed.BROKER_RESTARTS, assumed.MACHINE_LOST, assumed.PROXY_LOST)


@dataclass
class Watched:
    """What the day showed of one kind of part: cores in use, and how long the longest wait was."""

    cores: list[tuple[float, float]] = field(default_factory=list)
    waits: list[tuple[float, float]] = field(default_factory=list)

    def note(self, second: float, cores: float, wait: float) -> None:
        self.cores.append((second, cores))
        self.waits.append((second, wait))

    def at(self, hour: float) -> float:
        """Return the cores in use in the five minutes that begin at this hour."""
        within = [cores for second, cores in self.cores if 0 <= second - hour * HOUR < COARSE_SECONDS]
        return sum(within) / len(within)

    def longest_wait(self, hour: float) -> float:
        """Return the longest wait of the quarter of an hour from this hour."""
        return max(wait for second, wait in self.waits if 0 <= second - hour * HOUR < CLOSE_LOOK_SECONDS)

    def quiet_again(self, hour: float) -> float:
        """Return how many seconds after this hour the last wait of more than a second was."""
        late = [
            second - hour * HOUR
            for second, wait in self.waits
            if wait > 1 and 0 <= second - hour * HOUR < CLOSE_LOOK_SECONDS
        ]
        return max(late, default=0.0)


@dataclass
class Day:
    machines: Machines
    web: Watched = field(default_factory=Watched)
    postgres: Watched = field(default_factory=Watched)
    proxy: Watched = field(default_factory=Watched)
    broker: Watched = field(default_factory=Watched)
    backups_end: dict[int, float] = field(default_factory=dict)
    """Seconds after they began, by the days that the installation is old."""
    upgrade_ends: float = 0.0
    asks_without_bell: float = 0.0
    gates_of_a_machine: float = 0.0
    gates_of_a_proxy: float = 0.0
    log_bytes: float = 0.0
    entries_kept: float = 0.0
    """By gates whose machine was away."""


class Played:
    """The day under way; arrays have a number for each process of the server."""

    def __init__(self, compounds: Compounds, machines: Machines, *, has_spare: bool = True) -> None:
        """Begin at midnight; `has_spare`: the compounds of a lost machine are opened at another."""
        self.has_spare = has_spare
        self.compounds, self.machines = compounds, machines
        self.spread: Spread = spread(compounds, machines.processes)
        self.day = Day(machines)
        self.machine_of: Numbers = np.arange(machines.processes) // assumed.PROCESSES_OF_A_MACHINE
        self.group_of = np.arange(machines.processes) * machines.groups // machines.processes
        self.web_waits = np.zeros(machines.processes)
        self.postgres_waits = np.zeros(machines.groups)
        self.proxy_wait = self.broker_wait = 0.0
        self.deaf = np.zeros(machines.processes)
        """Gates that hear no bell at the moment."""
        self.unsent = np.zeros(machines.processes)
        """Entries that gates keep because their server is away."""
        self.away_until = np.zeros(machines.processes)

    def run(self, begins: float = 0.0, ends: float = 24.0) -> Day:
        """Play it between two hours."""
        lost = self.machine_of == np.bincount(self.machine_of.astype(int), self.spread.gates).argmax()
        self.day.gates_of_a_machine = float(self.spread.gates[lost].sum())
        self.day.gates_of_a_proxy = float(self.spread.gates.sum()) / max(1, self.machines.proxies - 1)
        restarts = dict(self._restarts())
        for second, step in self._steps(restarts, begins * HOUR, ends * HOUR):
            jobs, connects = np.zeros(self.machines.processes), 0.0
            if second == assumed.BROKER_RESTARTS * HOUR:
                self.deaf += self.spread.gates / BROKERS_OF_A_CLUSTER
            if second == assumed.MACHINE_LOST * HOUR:
                jobs += self._lose(lost, second)
            if second == assumed.PROXY_LOST * HOUR:
                connects = self.day.gates_of_a_proxy
            if second in restarts:
                which = np.isin(self.machine_of, restarts[second])
                self.away_until[which] = second + assumed.RESTART_SECONDS
                jobs[which] += self._opened_again()[which]
            self._step(second, step, jobs, connects)
        for days in (30, 365):
            self.day.backups_end[days] = backups_take(self.compounds, self.machines, days)
        return self.day

    def _lose(self, lost: Numbers, second: float) -> Numbers:
        """Take a machine away: with a spare one its cells open there, else its gates keep what they have."""
        if self.has_spare:
            return np.where(lost, self._opened_again(), 0.0)
        self.away_until[lost] = second + assumed.MACHINE_AWAY_SECONDS
        return np.zeros(len(lost))

    def _opened_again(self) -> Numbers:
        """Return the work of a process that opens its cells and answers each gate in full once."""
        return (
            self.spread.cells * costs.OPEN_CELL_WEB_MS + self.spread.gates * costs.ASK_WITH_NEWS_WEB_MS
        ) / 1000

    def _restarts(self) -> Iterator[tuple[float, list[int]]]:
        """Yield when which machines are restarted: one, then ten together."""
        count, done = int(self.machine_of.max()) + 1, 0
        second, at_once = assumed.UPGRADE_BEGINS * HOUR, 1
        while done < count:
            yield second, list(range(done, min(count, done + at_once)))
            done, at_once = done + at_once, assumed.MACHINES_AT_ONCE
            second += assumed.UPGRADE_SECONDS_BETWEEN_MACHINES
        self.day.upgrade_ends = second - assumed.UPGRADE_BEGINS * HOUR

    def _steps(
        self, restarts: dict[float, list[int]], second: float, ends: float
    ) -> Iterator[tuple[float, float]]:
        faults = [hour * HOUR for hour in FAULTS]
        upgraded = max(restarts) + CLOSE_LOOK_SECONDS
        while second < ends:
            is_close = any(0 <= second - began < CLOSE_LOOK_SECONDS for began in faults)
            is_upgraded = min(restarts) <= second < upgraded
            coming = [began - second for began in (*faults, min(restarts)) if began > second]
            step = 1.0 if is_close or is_upgraded else min(COARSE_SECONDS, *coming, ends - second)
            yield second, step
            second += step

    def _step(self, second: float, step: float, jobs: Numbers, connects: float) -> None:
        served, machines = self.spread, self.machines
        load = served.load(second, hearing=1 - self.deaf / served.gates)
        is_away = self.away_until > second
        comes_back = (self.away_until > 0) & ~is_away
        jobs = jobs + np.where(comes_back, self._caught_up(), 0.0)
        connects += float(served.gates[comes_back].sum())
        kept = np.where(comes_back, 0.0, self.unsent)
        self.day.entries_kept = max(self.day.entries_kept, float(self.unsent.sum()))
        self.unsent = np.where(is_away, self.unsent + load.entries * step, kept)
        self.away_until = np.where(comes_back, 0.0, self.away_until)
        work = np.where(is_away, 0.0, load.web())
        self.web_waits = np.maximum(0.0, self.web_waits + jobs + (work - 1.0) * step)
        for_postgres = np.bincount(
            self.group_of,
            np.where(is_away, 0.0, load.postgres()) * step
            + jobs * costs.ASK_WITH_NEWS_POSTGRES_MS / costs.ASK_WITH_NEWS_WEB_MS,
            machines.groups,
        )
        self.postgres_waits = np.maximum(0.0, self.postgres_waits + for_postgres - assumed.CORES * step)
        of_proxy = float(np.where(is_away, 0.0, load.proxy()).sum()) * step
        of_proxy += connects * costs.TLS_CONNECTS_PROXY_MS / 1000
        serving = max(1, machines.proxies - 1) * assumed.CORES
        self.proxy_wait = max(0.0, self.proxy_wait + of_proxy - serving * step)
        of_broker, heard = self._broker(step, load.rings)
        day = self.day
        day.web.note(second, float(work.sum() + jobs.sum() / step), float(self.web_waits.max()))
        day.postgres.note(
            second, float(for_postgres.sum() / step), float(self.postgres_waits.max() / assumed.CORES)
        )
        day.proxy.note(second, of_proxy / step, self.proxy_wait / serving)
        day.broker.note(second, of_broker, heard)
        day.asks_without_bell = max(day.asks_without_bell, float(load.asks.sum()))
        day.log_bytes += float(load.log_bytes().sum()) * step

    def _caught_up(self) -> Numbers:
        """Return the work of a process whose gates come back: it opens cells, answers, takes entries."""
        return (
            self._opened_again()
            + np.minimum(self.unsent, self.spread.gates) * costs.REQUEST_OF_ONE_ENTRY_WEB_MS / 1000
            + np.maximum(0, self.unsent - self.spread.gates) * costs.FURTHER_ENTRY_WEB_MS / 1000
        )

    def _broker(self, step: float, rung: Numbers) -> tuple[float, float]:
        """Let deaf gates connect to other brokers; return the cores in use and the wait of the last gate."""
        deaf = float(self.deaf.sum())
        cores = (self.machines.brokers - 1) * assumed.CORES
        per_second = cores / (costs.BELL_CONNECTS_BROKER_MS / 1000)
        connects = min(deaf, per_second * step)
        if deaf:
            self.deaf *= 1 - connects / deaf
            if float(self.deaf.sum()) < 1:
                self.deaf[:] = 0
        rings = float(rung.sum()) * costs.BELL_RINGS_BROKER_MS / 1000
        return rings + connects * costs.BELL_CONNECTS_BROKER_MS / 1000 / step, deaf / per_second


def backups_take(compounds: Compounds, machines: Machines, days: int) -> float:
    """Return the seconds until the last machine has backed up its compounds, one after another."""
    place = places(compounds, machines.processes) // assumed.PROCESSES_OF_A_MACHINE
    entries = compounds.people * assumed.PASSAGES_OF_A_PERSON * days
    seconds = costs.BACKUP_COMMAND_S + entries / 1000 * costs.BACKUP_THOUSAND_ENTRIES_S
    return float(np.bincount(place, seconds).max())


def backup_bytes(compounds: Compounds, days: int) -> float:
    """Return how large the files of one night are."""
    entries = entries_a_day(compounds) * days
    return compounds.count * costs.BACKUP_SIZE_KIB * 1024 + entries * costs.BACKUP_ENTRY_SIZE_BYTES
