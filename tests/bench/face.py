"""From a frame to the decision about it, for homes of one, four and ten, with each engine.

Timed is every frame of whole looks: a rendered person does what the check that gates use asks (`PersonCheck`,
without the two models that an operator may add), until the gate would open. The peer is the stock recipe of
`face_recognition` on the same frames: face_locations, face_encodings, compare_faces. A look takes seconds
as well, because a person turns the head. The templates beside the person's own are random unit
vectors: comparing costs the same for any vector.

What the mirror image and further looks cost is shown beside the same frames without them: one picture
described once, one look a person.
"""

import importlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Protocol, cast

import cv2
import numpy as np

from gate_controller.face.engines.engine import Embedding, FaceEngine, FoundFace
from gate_controller.face.engines.engines import DEFAULT_ENGINE, OWN_ENGINES, load_engine
from gate_controller.face.engines.errors import ModelFileError
from gate_controller.face.engines.face_geometry import align
from gate_controller.face.engines.yunet_sface import YunetSfaceEngine
from gate_controller.face.liveness.challenge import Challenge
from gate_controller.face.liveness.liveness import PersonCheck
from gate_controller.face.matching.enrolment import EnrolmentOutcome, EnrolmentSession
from gate_controller.face.matching.matching import MatchOutcome, MatchSession
from gate_controller.face_control.results import Prompt
from hardware.interfaces import Frame
from hardware.simulated.pictures import live_like_frames
from tests.bench.figure import Figure, beside, percentile
from tests.bench.rest import at_rest
from tests.support.faces.actors import Stage, draws, living
from tests.support.faces.fixtures import portraits
from tests.support.gates.bench import CAMERA_SHEET, LANE, bench_gate
from tests.support.gates.looking import ALL_LOOKED, give_a_face

HOMES = (1, 4, 10)
PERSON = "person_b_1"
LOOKS = 2
LOOKS_GIVEN = 3
"""By each person, in the figures about several looks."""
MAX_LOOK_SECONDS = 9.0
MEMORY_LOOKS = 2
MEMORY_FRAMES = 40
FACE = "[face]\nenabled = true\n"
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
    peer, peer_times = "", list[float]()
    for name in OWN_ENGINES:
        try:
            engine = load_engine(name)
        except ModelFileError:
            sys.stderr.write(f"bench face: the engine {name} is not installed; run: make setup\n")
            continue
        looks = [look for seed in range(LOOKS) if (look := _recorded(engine, seed)) is not None]
        yield Figure("face", f"{name}, looks of a rendered person that opened", len(looks), f"of {LOOKS}")
        if not looks:
            raise RuntimeError(f"bench face: {name} opened for no rendered person: no time to report")
        if name == DEFAULT_ENGINE:
            peer, peer_times = _stock_recipe([frame for look in looks for frame, _seconds in look.frames])
        for enrolled in HOMES:
            times = [ms for look in looks for ms in _frames_ms(engine, look, enrolled)]
            for share in (0.5, 0.95):
                case = f"{name}, home of {enrolled}, frame → decision, p{share * 100:g}"
                value = percentile(times, share)
                if peer_times:
                    yield beside("face", case, value, "ms", peer, percentile(peer_times, share))
                else:
                    yield Figure("face", case, round(value, 3), "ms")
        busy = [ms for look in looks for ms in _frames_ms(engine, look, max(HOMES), time.thread_time)]
        for share in (0.5, 0.95):
            case = f"{name}, home of {max(HOMES)}, processor time of a frame, p{share * 100:g}"
            yield Figure("face", case, round(percentile(busy, share), 3), "ms")
        if isinstance(engine, YunetSfaceEngine):
            yield from _beside_one_picture(engine, looks)
            yield from _enrolment(engine)
            frames = [frame for frame, _seconds in looks[0].frames]
            yield Figure("face", "all that liveness adds to a frame, p95", _liveness_ms(engine, frames), "ms")
    yield from _memory()


class _OnePicture(YunetSfaceEngine):
    """The default engine without the mirror image, as it was before: the baseline."""

    def embed(self, frame: Frame, face: FoundFace) -> Embedding:
        """Return one found face without its mirror image."""
        vector = self._describe(align(frame, face.landmarks)).reshape(-1)
        return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


def _beside_one_picture(engine: YunetSfaceEngine, looks: Sequence["_Look"]) -> Iterator[Figure]:
    """Yield frame → decision with mirror image and three looks a person, beside one picture and one look."""
    bare = _OnePicture(engine._detector, engine._embedder)
    as_before = [replace(look, own=_own(bare, look.frames[0][0])) for look in looks]
    for clock, what in ((time.perf_counter, ""), (time.thread_time, "processor time, ")):
        now, before = (
            [ms for look in some for ms in _frames_ms(by, look, max(HOMES), clock, given)]
            for by, some, given in ((engine, looks, LOOKS_GIVEN), (bare, as_before, 1))
        )
        for share in (0.5, 0.95):
            yield beside(
                "face",
                f"mirror, {LOOKS_GIVEN} looks, home of {max(HOMES)}, {what}p{share * 100:g}",
                percentile(now, share),
                "ms",
                "one picture, one look",
                percentile(before, share),
            )


def _own(engine: FaceEngine, frame: Frame) -> Embedding:
    return engine.embed(frame, engine.find(frame)[0])


def _enrolment(engine: YunetSfaceEngine) -> Iterator[Figure]:
    """Yield what one look costs to give: the work of all its frames, and a person's seconds."""
    bare = _OnePicture(engine._detector, engine._embedder)
    (ms, seconds), (before_ms, _) = _enrolled(engine), _enrolled(bare)
    yield beside("face", "a look given: work of all frames", ms, "ms", "one picture", before_ms)
    yield Figure("face", "a look given: a person before the camera", round(seconds, 1), "s")


def _enrolled(engine: FaceEngine) -> tuple[float, float]:
    """Return milliseconds of work and seconds before the camera of an enrolment that succeeded."""
    stage = Stage(living(PERSON, seed=0, degrees_a_second=60))
    check = PersonCheck(make_challenge=partial(Challenge, draws(Prompt.TURN_LEFT, 0)))
    session, took = EnrolmentSession(engine, liveness=check), 0.0
    while stage.seconds < MAX_LOOK_SECONDS:
        frame = stage.newest_frame(0.5)
        started = time.perf_counter()
        step = session.offer(frame, stage.seconds)
        took += (time.perf_counter() - started) * 1000
        stage.ask(step.prompt)
        if step.outcome is EnrolmentOutcome.DONE:
            return took, stage.seconds
    raise RuntimeError(f"bench face: the rendered person could not be enrolled: {step.hint}")


@dataclass(frozen=True, slots=True)
class _Look:
    """The frames of a look that opened, with their seconds; whom it was; and what was drawn to be asked."""

    frames: list[tuple[Frame, float]]
    own: Embedding
    side: Prompt
    seed: int

    def check(self) -> PersonCheck:
        return PersonCheck(make_challenge=partial(Challenge, draws(self.side, self.seed)))


def _recorded(engine: FaceEngine, seed: int) -> _Look | None:
    """Play a rendered person who does what is asked; return what the camera saw, None without an opening."""
    actor = living(PERSON, seed=seed, degrees_a_second=60)
    first = actor.frame(0.0)
    own = engine.embed(first, engine.find(first)[0])
    look = _Look([], own, Prompt.TURN_LEFT if seed % 2 else Prompt.TURN_RIGHT, seed)
    stage, session = Stage(actor), _session(engine, look, 1)
    while stage.seconds < MAX_LOOK_SECONDS:
        frame = stage.newest_frame(0.5)
        look.frames.append((frame, stage.seconds))
        step = session.offer(frame, stage.seconds)
        stage.ask(step.prompt)
        if step.outcome is MatchOutcome.MATCHED:
            return look
        if step.outcome is MatchOutcome.REFUSED:
            return None
    return None


def _session(engine: FaceEngine, look: _Look, enrolled: int, given: int = 1) -> MatchSession:
    point = min(engine.card.curve, key=lambda point: point.false_match_rate)
    templates = {"own": np.stack([look.own] * given), **_strangers(len(look.own), enrolled - 1, given)}
    alike = dict.fromkeys(templates, point.min_face_similarity)
    return MatchSession(engine, templates, min_face_similarities=alike, liveness=look.check())


def _liveness_ms(engine: FaceEngine, frames: Sequence[Frame]) -> float:
    took, check = [], PersonCheck()
    for number, frame in enumerate(frames):
        face = engine.find(frame)[0]
        started = time.perf_counter()
        check.offer(frame, face, number / 15)
        took.append((time.perf_counter() - started) * 1000)
    return round(percentile(took, 0.95), 3)


def _frames_ms(
    engine: FaceEngine,
    look: _Look,
    enrolled: int,
    seconds: Callable[[], float] = time.perf_counter,
    given: int = 1,
) -> list[float]:
    """Return what each frame of a look took; raise RuntimeError unless the last of them opens as before.

    `seconds` is the clock; the thread's own shows what a frame costs also where other programs run.
    `given` looks of each person are compared.
    """
    session, took = _session(engine, look, enrolled, given), []
    for frame, at_seconds in look.frames:
        seen = frame.copy()
        started = seconds()
        step = session.offer(seen, at_seconds)
        took.append((seconds() - started) * 1000)
    if step.outcome is not MatchOutcome.MATCHED:
        raise RuntimeError(f"bench face: the same frames ended otherwise: {step.outcome}, {step.hint}")
    return took


def _strangers(size: int, count: int, given: int) -> dict[str, Embedding]:
    made = np.random.default_rng(7).standard_normal((count, given, size)).astype(np.float32)
    made /= np.linalg.norm(made, axis=2, keepdims=True)
    return {f"stranger-{n}": looks for n, looks in enumerate(made)}


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
    """Yield a gate's memory after it has looked at faces, beside that of one without face."""
    with tempfile.TemporaryDirectory(prefix="menjin-bench-") as folder:
        without = _gate_mib(Path(folder) / "without", "", ["menjin", "gate", "run"], [])
        looking = ["tests.support.gates.looking"]
        with_face = _gate_mib(Path(folder) / "with", FACE, looking, [str(MEMORY_LOOKS)])
        several = _gate_mib(Path(folder) / "several", FACE, looking, [str(MEMORY_LOOKS)], LOOKS_GIVEN)
    case = f"memory of a gate after {MEMORY_LOOKS} looks at faces"
    yield beside("face", case, with_face, "MiB", "without face", without)
    yield beside("face", f"the same, {LOOKS_GIVEN} looks given", several, "MiB", "one look given", with_face)


def _gate_mib(root: Path, face: str, module: list[str], more_arguments: list[str], given: int = 1) -> float:
    eye = root / "eye"
    eye.mkdir(parents=True)
    for number, frame in enumerate(live_like_frames(portraits()[PERSON], MEMORY_FRAMES, seed=1)):
        cv2.imwrite(str(eye / f"{number:03d}.png"), frame)
    camera = f'{CAMERA_SHEET}[camera.eye]\nkind = "folder"\nsource = "{eye}"\nlane = "{LANE}"\n{face}'
    with bench_gate(root, more=camera) as bench:
        give_a_face(bench, given)
        command = [sys.executable, "-m", *module, str(bench.write_site_file()), *more_arguments]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as gate:
            try:
                bench.relay.wait_for_off(1, timeout_seconds=30)
                said = gate.stdout.readline().decode() if more_arguments and gate.stdout else ALL_LOOKED
                if ALL_LOOKED not in said:
                    raise RuntimeError("bench face: the gate whose memory is measured did not look")
                return at_rest(gate, seconds=2.0)[1]
            finally:
                gate.terminate()
