"""Hold one driver against the points of the checklist, each separately: one that fails hides no other."""

import random  # noqa: TID251 - noise that is the same at each check
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hardware.conformance.points import POINTS, Point, Verdict, wrong_exemption
from hardware.conformance.rehearsal import NotSeen, Rehearsal, until
from hardware.conformance.settings import incomplete_keys, missing_languages
from hardware.driver import Bench, Driver, GoldenFrame
from hardware.errors import BadDeviceSetting, HardwareError
from hardware.interfaces import DeviceState, Health

SEED = 20260727
NOISE_BYTES = 20_000
CHUNK_BYTES = 1_000
READ_SECONDS = 0.15
"""Within these a driver has read what was sent."""
QUIET_SECONDS = 0.5
"""So long a line has to be silent before a torn frame on it is over."""
MAX_HELD_BYTES = 4_096
LEAST_TORN_BYTES = 4
MOVING_NAMES = ("/dev/ttyUSB0", "/dev/ttyACM0", "/dev/input/event3")
IN_ITS_DRIVER = "in its driver"
"""The sentence of a listening thread about an error that its driver let out."""


def check_driver(driver: Driver) -> list[Point]:
    """Return what was found at each point, in their order."""
    found: dict[str, Point] = {}
    for name, reason in driver.exempt.items():
        wrong = wrong_exemption(name, reason)
        if wrong is None:
            found[name] = Point(name, Verdict.EXEMPT, reason)
        else:
            where = name if name in POINTS else "settings"
            found[where] = Point(where, Verdict.NO, f"exempt {name!r}: {wrong}")
    for point in (*_written(driver), *_played(driver, frozenset(found))):
        found.setdefault(point.name, point)
    return [found[name] for name in POINTS]


def _written(driver: Driver) -> Iterator[Point]:
    """Yield what shows without a device."""
    lacking = list(incomplete_keys(driver.settings))
    yield Point("settings", Verdict.NO if lacking else Verdict.YES, "; ".join(lacking))
    missing = missing_languages(driver.wiring)
    text = f"no text in: {', '.join(missing)}" if missing else ""
    yield Point("wiring", Verdict.NO if missing else Verdict.YES, text)
    tried = driver.tried_on or "on none yet"
    yield Point("tried on metal", Verdict.YES if driver.tried_on else Verdict.NO, tried)


def _played(driver: Driver, exempt: frozenset[str]) -> Iterator[Point]:
    """Yield what shows at the twin."""
    if "twin" in exempt:
        yield from (Point(name, Verdict.NO, "there is no twin to show it") for name in POINTS)
        return
    try:
        with _bench(driver):
            pass
    except Exception as err:  # noqa: BLE001 - a stranger's module may fail in any way
        yield from (Point(name, Verdict.NO, _why(err)) for name in POINTS)
        return
    yield Point("twin", Verdict.YES)
    yield _tried("stable name", lambda: _refuses_a_moving_name(driver))
    yield _tried("reads", lambda: _at_bench(driver, Rehearsal.works))
    yield _tried("stops", lambda: _stops(driver))
    states: list[DeviceState] = []
    if "reopens" not in exempt:
        yield _tried("reopens", lambda: _reopens(driver, states))
        yield _tried("says once", lambda: _said_once(states))
    if "noise" not in exempt:
        yield _tried("noise", lambda: _lives_through_noise(driver))
    if "golden" not in exempt:
        yield _tried("golden", lambda: _reads_golden_frames(driver))


def _tried(name: str, play: Callable[[], str | None]) -> Point:
    try:
        return Point(name, Verdict.YES, play() or "")
    except Exception as err:  # noqa: BLE001 - a stranger's driver may fail in any way
        return Point(name, Verdict.NO, _why(err))


def _why(err: Exception) -> str:
    return str(err) if isinstance(err, NotSeen | HardwareError) else f"{type(err).__name__}: {err}"


@contextmanager
def _bench(driver: Driver) -> Iterator[Bench]:
    with (
        tempfile.TemporaryDirectory(prefix="menjin-driver-") as folder,
        driver.plug_twin(Path(folder)) as bench,
    ):
        yield bench


def _at_bench(driver: Driver, play: Callable[[Rehearsal], object]) -> None:
    with _bench(driver) as bench:
        rehearsal = Rehearsal(driver, bench, bench.settings)
        try:
            rehearsal.begin()
            play(rehearsal)
        finally:
            rehearsal.finish()


def _stops(driver: Driver) -> None:
    with _bench(driver) as bench:
        rehearsal = Rehearsal(driver, bench, bench.settings)
        try:
            rehearsal.begin()
        finally:
            rehearsal.end()


def _refuses_a_moving_name(driver: Driver) -> str | None:
    with _bench(driver) as bench:
        if "port" not in bench.settings:
            return "it has no port"
        for name in MOVING_NAMES:
            try:
                Rehearsal(driver, bench, {**bench.settings, "port": name})
            except BadDeviceSetting:
                return None
    raise NotSeen(f"it takes {' and '.join(MOVING_NAMES)}, which are other devices at the next start")


def _reopens(driver: Driver, states: list[DeviceState]) -> None:
    def play(rehearsal: Rehearsal) -> None:
        send, golden = rehearsal.bench.send, driver.golden
        torn = send is not None and bool(golden) and not rehearsal.bench.heard
        frame = golden[0].data if torn and len(golden[0].data) >= LEAST_TORN_BYTES else b""
        if frame and send is not None:
            send(frame[: len(frame) // 2])
            time.sleep(READ_SECONDS)
        states.extend(rehearsal.is_lost_and_found())
        if frame and send is not None:
            rehearsal.reads_nothing(lambda: send(frame[len(frame) // 2 :]), golden[0].reads)
        rehearsal.works()

    _at_bench(driver, play)


def _said_once(states: list[DeviceState]) -> None:
    said = [state.health for state in states]
    if said != [Health.LOST, Health.OK]:
        raise NotSeen(f"of one absence it reported: {', '.join(said) or 'nothing'}")


def _lives_through_noise(driver: Driver) -> None:
    noise = random.Random(SEED)  # noqa: S311 - no secret
    streams = (noise.randbytes(NOISE_BYTES), bytes(NOISE_BYTES), b"\xff" * NOISE_BYTES, b"7" * NOISE_BYTES)

    def play(rehearsal: Rehearsal) -> None:
        send = rehearsal.bench.send
        if send is None:
            raise NotSeen("its twin sends no bytes; say why it is exempt")
        for stream in streams:
            for start in range(0, NOISE_BYTES, CHUNK_BYTES):
                send(stream[start : start + CHUNK_BYTES])
                time.sleep(0)
            time.sleep(READ_SECONDS)
            if rehearsal.held_bytes > MAX_HELD_BYTES:
                raise NotSeen(f"it keeps {rehearsal.held_bytes} bytes of a frame that never ends")
        time.sleep(QUIET_SECONDS)
        faults = [state.detail for state in rehearsal.states if IN_ITS_DRIVER in state.detail]
        if faults:
            raise NotSeen(f"an error leaves it: {faults[0]}")
        rehearsal.works()

    _at_bench(driver, play)


def _reads_golden_frames(driver: Driver) -> str:
    if not driver.golden:
        raise NotSeen("it has no frame that another wrote down")
    for frame in driver.golden:
        if not frame.source.strip():
            raise NotSeen(f"nothing says where the frame {frame.data.hex(' ')} is from")
        with _bench(driver) as bench:
            rehearsal = Rehearsal(driver, bench, {**bench.settings, **frame.settings})
            try:
                rehearsal.begin()
                _read_golden(rehearsal, frame)
            finally:
                rehearsal.finish()
    return "; ".join(frame.source for frame in driver.golden)


def _read_golden(rehearsal: Rehearsal, frame: GoldenFrame) -> None:
    send, heard = rehearsal.bench.send, rehearsal.bench.heard
    if heard is not None:
        if isinstance(frame.reads, int | float):
            rehearsal.pulse(float(frame.reads))
        until(lambda: frame.data in heard(), f"it never sent {frame.data.hex(' ')}")
    elif send is not None:
        rehearsal.reads(lambda: send(frame.data), frame.reads)
    else:
        raise NotSeen("its twin sends no bytes")
