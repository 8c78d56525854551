"""How long requests take, by method, page and status, as a histogram for Prometheus.

The page is the pattern of its address, so that no number and no token of an address is in a label. With
several processes each writes into a file of its own, and the one that is asked adds them up
(https://prometheus.github.io/client_python/multiprocess/); `shared_times` gives them a folder.
"""

import os
from functools import cache

from prometheus_client import CollectorRegistry, Histogram, generate_latest, values
from prometheus_client.multiprocess import MultiProcessCollector

from web_admin.core.shared_times import FOLDER_VARIABLE

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"
BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_OF_THIS_PROCESS = CollectorRegistry()


@cache
def registry_of_this_process() -> CollectorRegistry:
    """Return where a process counts; the first call decides whether alone or together with others."""
    values.ValueClass = values.get_value_class()  # type: ignore[no-untyped-call]  # it has no types
    return _OF_THIS_PROCESS


@cache
def request_histogram() -> Histogram:
    """Return the histogram."""
    return Histogram(
        "menjin_request_duration_seconds", "How long requests took.", ["method", "page", "status"],
        buckets=BUCKETS, registry=registry_of_this_process(),
    )  # fmt: skip


def observe(method: str, pattern: str | None, status: int, seconds: float) -> None:
    """Count one request; `pattern` is that of its address, None where there is no such page."""
    known = method if method in METHODS else OTHER
    request_histogram().labels(known, pattern or OTHER, str(status)).observe(seconds)


def request_numbers() -> bytes:
    """Return what all processes counted, as text."""
    if not os.environ.get(FOLDER_VARIABLE):
        return generate_latest(_OF_THIS_PROCESS)
    of_all = CollectorRegistry()
    MultiProcessCollector(of_all)  # type: ignore[no-untyped-call]  # it has no types
    return generate_latest(of_all)
