"""From a frame to the decision about it, for homes of one, four and ten, with each engine.

The peer is the stock recipe of `face_recognition` on the same frames: face_locations, face_encodings,
compare_faces. A decision of ours also measures quality and liveness; a whole look takes some seconds
longer, because a person turns the head. The templates beside the
portraits' own are random unit vectors: comparing costs the same whoever they are.
"""

import importlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol, cast

import cv2
import numpy as np

from gate_controller.face.engine import Embedding, FaceEngine
from gate_controller.face.engines import DEFAULT_ENGINE, ENGINES
from gate_controller.face.errors import ModelFileError
from gate_controller.face.liveness import FrozenPictureCheck, PersonCheck
from gate_controller.face.matching import MatchSession
from hardware.interfaces import Frame
from hardware.simulated.pictures import live_like_frames
from tests.bench.figure import Figure, beside, percentile
from tests.bench.rest import at_rest
from tests.face_fixtures import portraits
from tests.gate_on_a_bench import CAMERA_SHEET, CARD_KEY, LANE, bench_gate
from tests.people import card, lane, person, records

HOMES = (1, 4, 10)
FRAMES = 60
THREADS = 1


class _StockRecipe(Protocol):
    def face_locations(self, picture: Frame, /) -> list[tuple[int, int, int, int]]: ...
    def face_encodings(
        self, picture: Frame, boxes: list[tuple[int, int, int, int]], /
    ) -> list[Embedding]: ...
    def compare_faces(self, known: list[Embedding], face: Embedding, /) -> list[bool]: ...


def measure() -> Iterator[Figure]:
    """Yield p50 and p95 in milliseconds a frame beside the stock recipe, then the gate's memory with face."""
    cv2.setNumThreads(THREADS)
    frames = list(live_like_frames(portraits()["person_b_1"], FRAMES, seed=1))
    peer, peer_times = _stock_recipe(frames)
    for name, kind in ENGINES.items():
        try:
            engine = kind.load()
        except ModelFileError:
            sys.stderr.write(f"bench face: the engine {name} is not installed; run: make face-dlib\n")
            continue
        for enrolled in HOMES:
            times = _decisions_ms(engine, frames, enrolled)
            for share in (0.5, 0.95):
                case = f"{name}, home of {enrolled}, frame → decision, p{share * 100:g}"
                value = percentile(times, share)
                if peer_times:
                    yield beside("face", case, value, "ms", peer, percentile(peer_times, share))
                else:
                    yield Figure("face", case, round(value, 3), "ms")
        if name == DEFAULT_ENGINE:
            yield Figure("face", "all that liveness adds to a frame, p95", _liveness_ms(engine, frames), "ms")
    yield from _memory()


def _liveness_ms(engine: FaceEngine, frames: Sequence[Frame]) -> float:
    took, check = [], PersonCheck()
    for number, frame in enumerate(frames):
        face = engine.find(frame)[0]
        started = time.perf_counter()
        check.offer(frame, face, number / 15)
        took.append((time.perf_counter() - started) * 1000)
    return round(percentile(took, 0.95), 3)


def _decisions_ms(engine: FaceEngine, frames: Sequence[Frame], enrolled: int) -> list[float]:
    first = frames[0]
    own = engine.embed(first, engine.find(first)[0])
    point = min(engine.card.curve, key=lambda point: point.false_match_rate)
    took = []
    for number in range(1, len(frames) - 1):
        templates = {"own": own.copy(), **_strangers(len(own), enrolled - 1)}
        # A still picture never turns: the check asks nothing, so that the second frame decides.
        session = MatchSession(
            engine,
            templates,
            min_face_similarity=point.min_face_similarity,
            liveness=FrozenPictureCheck(),
        )
        session.offer(frames[number].copy(), 0.0)
        deciding = frames[number + 1].copy()
        started = time.perf_counter()
        session.offer(deciding, 0.1)
        took.append((time.perf_counter() - started) * 1000)
        session.close()
    return took


def _strangers(size: int, count: int) -> dict[str, Embedding]:
    made = np.random.default_rng(7).standard_normal((count, size)).astype(np.float32)
    return {f"stranger-{n}": row / np.float32(np.linalg.norm(row)) for n, row in enumerate(made)}


def _stock_recipe(frames: Sequence[Frame]) -> tuple[str, list[float]]:
    try:
        stock = cast(_StockRecipe, importlib.import_module("face_recognition"))
    except ImportError:
        return "", []
    decide = _stock_decision(stock, frames[0])
    took = []
    for frame in frames[2:]:
        started = time.perf_counter()
        decide(frame)
        took.append((time.perf_counter() - started) * 1000)
    return "face_recognition's recipe", took


def _stock_decision(stock: _StockRecipe, first: Frame) -> Callable[[Frame], bool]:
    def encode(frame: Frame) -> list[Embedding]:
        rgb = np.ascontiguousarray(frame[:, :, ::-1])
        return stock.face_encodings(rgb, stock.face_locations(rgb))

    known = encode(first)

    def decide(frame: Frame) -> bool:
        return any(any(stock.compare_faces(known, face)) for face in encode(frame))

    return decide


def _memory() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="menjin-bench-") as folder:
        values = []
        for name, face in (("without", ""), ("with", "[face]\nenabled = true\n")):
            root = Path(folder) / name
            eye = root / "eye"
            eye.mkdir(parents=True)
            more = f'{CAMERA_SHEET}[camera.eye]\nkind = "folder"\nsource = "{eye}"\nlane = "{LANE}"\n{face}'
            with bench_gate(root, more=more) as bench:
                bench.give_policy(records(person(), card(7, CARD_KEY), lane()))
                command = [sys.executable, "-m", "menjin", "gate", "run", str(bench.write_site_file())]
                with subprocess.Popen(command, stderr=subprocess.DEVNULL) as gate:
                    try:
                        bench.relay.wait_for_off(1, timeout_seconds=30)
                        values.append(at_rest(gate, seconds=2.0)[1])
                    finally:
                        gate.terminate()
    without, with_face = values
    yield beside("face", "memory of a gate with face loaded", with_face, "MiB", "without face", without)
