"""Numbers of the bell for a monitor: wake-ups sent and dropped, and whether a broker is connected."""

from functools import cache

from prometheus_client import Counter, Gauge

from web_admin.core.request_times import registry_of_this_process


@cache
def _wake_ups() -> Counter:
    return Counter(
        "menjin_bell_rings",
        "Rings of gates' bells, sent or dropped.",
        ["outcome"],
        registry=registry_of_this_process(),
    )


@cache
def _connected() -> Gauge:
    return Gauge(
        "menjin_bell_connected",
        "1 while each process of the server could ring gates.",
        multiprocess_mode="livemin",
        registry=registry_of_this_process(),
    )


def count_wake_ups(outcome: str, count: int) -> None:
    if count:
        _wake_ups().labels(outcome).inc(count)


def note_connected(is_connected: bool) -> None:
    _connected().set(float(is_connected))
