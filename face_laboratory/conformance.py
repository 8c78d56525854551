"""Check that a face engine keeps to the interface, on pictures of known people; for who writes one.

    from face_laboratory.conformance import check_engine
    from face_laboratory.people_list import read_people

    def test_my_engine_conforms():
        failed = [one for one in check_engine("my-engine", read_people(Path("people.csv"))) if not one.ok]
        assert failed == []

Each finding names one promise of the interface. What cannot be seen from outside is not checked: whether
`clear` reaches every buffer, and what native code writes or sends.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from face_laboratory.conformance_checks import (
    BrokenPromise,
    SamplePicture,
    after_clear,
    card_holds,
    embeddings,
    frames_unchanged,
    look,
    nothing_in_black,
    one_moment,
    same_both_ways,
    templates,
    threads,
)
from face_laboratory.people_list import PeopleList
from gate_controller.face.engines.engine import FaceEngine
from gate_controller.face.engines.engines import checked_weights, engine_kind, load_engine
from gate_controller.face_control.kept_faces import FaceError

WRITES = frozenset({"os.remove", "os.rename", "os.mkdir"})
REACHES = frozenset({"socket.connect", "socket.sendto", "subprocess.Popen"})
WRITE_FLAGS = 0b11
"""`O_WRONLY` and `O_RDWR`."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Result of one check; `detail` says what was seen, and of a broken promise which."""

    check: str
    ok: bool
    detail: str = ""


def check_engine(name: str, people: PeopleList) -> Iterator[Finding]:
    """Yield a finding for each check of an installed engine; stop where nothing more can be checked.

    `people` lists upright pictures with one face each: two people at least, two pictures of one of them.
    """
    try:
        kind = engine_kind(name)
        yield Finding("card", True, f"{kind.card.name}: {kind.card.licence}; {kind.card.measured_on}")
        folder = checked_weights(name, kind)
        count = len(kind.card.model_files)
        yield Finding("weights", True, f"{count} file{'s' * (count > 1)} in {folder} as measured")
        engine = load_engine(name)
    except FaceError as fault:
        yield Finding("engine", False, str(fault))
        return
    yield from check_loaded(engine, people)


def check_loaded(engine: FaceEngine, people: PeopleList) -> Iterator[Finding]:
    """Yield a finding for each check of an engine that is loaded already."""
    watch = _Watch()
    # A hook cannot be taken off again, so it looks only while a check runs.
    sys.addaudithook(watch)
    yield watch.during("frames without a face", partial(nothing_in_black, engine))
    seen: list[SamplePicture] = []
    yield watch.during("faces of the pictures", partial(look, engine, people, seen))
    if len(seen) < len(people.pictures):
        return
    for title, check in (
        ("frames are left unchanged", frames_unchanged),
        ("embeddings", embeddings),
        ("similarities", same_both_ways),
        ("templates", templates),
        ("frames of one moment", one_moment),
        ("the card against the pictures", card_holds),
        ("several threads", threads),
        ("after clear", after_clear),
    ):
        yield watch.during(title, partial(check, engine, seen))
    said = "; ".join(sorted(set(watch.reached))) or "Python code wrote no file and reached no address"
    yield Finding("nothing leaves memory", not watch.reached, said)


@dataclass(slots=True)
class _Watch:
    """Notes files that Python code opens for writing and addresses that it connects to, during checks."""

    reached: list[str] = field(default_factory=list)
    _running: bool = False

    def during(self, title: str, check: Callable[[], str]) -> Finding:
        self._running = True
        try:
            return Finding(title, True, check())
        except BrokenPromise as broken:
            return Finding(title, False, str(broken))
        except Exception as fault:  # noqa: BLE001 - another author's code; the finding reports it
            return Finding(title, False, f"raised {type(fault).__name__}: {fault}")
        finally:
            self._running = False

    def __call__(self, event: str, values: tuple[object, ...]) -> None:
        if not self._running:
            return
        if event == "open" and isinstance(values[2], int) and values[2] & WRITE_FLAGS:
            self.reached.append(f"wrote {values[0]}")
        elif event in WRITES:
            self.reached.append(f"{event} {values[0]}")
        elif event in REACHES:
            self.reached.append(f"{event} {values[1]}")
