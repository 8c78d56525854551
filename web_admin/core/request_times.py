"""How long requests take, by method, page and status, as a histogram for Prometheus.

The page is the pattern of its address, so that no number and no token of an address is in a label. With
several processes each writes into a file of its own, and the one that is asked adds them up
(https://prometheus.github.io/client_python/multiprocess/); `shared_times` gives them a folder.
"""

import logging
import os
from collections.abc import Iterator
from functools import cache

from prometheus_client import CollectorRegistry, Histogram, generate_latest, values
from prometheus_client.core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from web_admin.core.cell_in_hand import CELL
from web_admin.core.shared_times import FOLDER_VARIABLE

HEADER = "X-Request-ID"
MARK = "menjin.mark"
"""Where what is around Flask's application leaves a request's id and its beginning for it."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"
NAME, CELLS_NAME = "menjin_request_duration_seconds", "menjin_cell_request_duration_seconds"
BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_OF_THIS_PROCESS = CollectorRegistry()
_log = logging.getLogger(__name__)


@cache
def registry_of_this_process() -> CollectorRegistry:
    """Return where a process counts; the first call decides whether alone or together with others."""
    values.ValueClass = values.get_value_class()  # type: ignore[no-untyped-call]  # it has no types
    return _OF_THIS_PROCESS


@cache
def request_histogram() -> Histogram:
    return Histogram(
        NAME,
        "How long requests took.",
        ["method", "page", "status"],
        buckets=BUCKETS,
        registry=registry_of_this_process(),
    )


@cache
def cells_histogram() -> Histogram:
    """Return the histogram of a process that serves many cells: by cell and status, or it would be huge."""
    return Histogram(
        CELLS_NAME,
        "How long requests took.",
        ["cell", "status"],
        buckets=BUCKETS,
        registry=registry_of_this_process(),
    )


def observe(method: str, pattern: str | None, status: int, seconds: float) -> None:
    """Count one request; `pattern` is that of its address, None where there is no such page."""
    cell = CELL.get()
    if cell:
        cells_histogram().labels(cell, str(status)).observe(seconds)
        return
    _histogram_of(method if method in METHODS else OTHER, pattern or OTHER, status).observe(seconds)


@cache
def _histogram_of(method: str, page: str, status: int) -> Histogram:
    return request_histogram().labels(method, page, str(status))


def note_answer(method: str, pattern: str | None, status: int, seconds: float, *, log: bool) -> None:
    """Count one request, and write a line about it where that is wanted."""
    observe(method, pattern, status, seconds)
    if log:
        facts = {"method": method, "page": pattern, "status": status, "ms": round(seconds * 1000)}
        _log.info("answered", extra={"event": "request", "facts": facts})


def request_numbers() -> bytes:
    """Return the histogram of all processes, as text; within a cell, what is its own."""
    cell = CELL.get()
    if not cell:
        return generate_latest(_registry())
    of_cell = CollectorRegistry()
    of_cell.register(_OfCell(_registry(), cell))
    return generate_latest(of_cell)


def numbers_of_all_cells() -> bytes:
    return generate_latest(_registry())


def _registry() -> CollectorRegistry:
    if not os.environ.get(FOLDER_VARIABLE):
        return _OF_THIS_PROCESS
    of_all = CollectorRegistry()
    MultiProcessCollector(of_all)  # type: ignore[no-untyped-call]  # it has no types
    return of_all


class _OfCell(Collector):
    """The numbers of one cell among those of all, under the name that a server of one compound has."""

    def __init__(self, registry: CollectorRegistry, cell: str) -> None:
        self._registry, self._cell = registry, cell

    def collect(self) -> Iterator[Metric]:
        """Give the samples of the cell alone, without its name."""
        for family in self._registry.collect():
            if family.name != CELLS_NAME:
                continue
            own = Metric(NAME, family.documentation, family.type)
            for sample in family.samples:
                labels = dict(sample.labels)
                if labels.pop("cell", None) == self._cell:
                    own.add_sample(sample.name.replace(CELLS_NAME, NAME), labels, sample.value)
            yield own
