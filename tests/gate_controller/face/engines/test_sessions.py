"""What enrolment and matching make of the frames that are handed in."""

import functools
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import chain, cycle, islice, repeat

import cv2
import numpy as np
import pytest

from gate_controller.face.engines.engine import CurvePoint, Embedding, FaceQuality, FoundFace, similarity
from gate_controller.face.engines.errors import BadFaceSetting
from gate_controller.face.engines.yunet_sface import YunetSfaceEngine
from gate_controller.face.liveness.capture_checks import MATCHING_LIMITS, capture_problem
from gate_controller.face.liveness.liveness import FrozenPictureCheck
from gate_controller.face.matching.enrolment import EnrolmentOutcome, EnrolmentSession, EnrolmentStep
from gate_controller.face.matching.matching import MatchOutcome, MatchSession, MatchStep, thresholds
from gate_controller.face_control.reasons import FaceReason
from gate_controller.face_control.results import Prompt
from hardware.interfaces import Frame
from hardware.simulated.pictures import camera_frame, jittered, live_like_frames
from tests.support.faces.actors import picture_and_points
from tests.support.faces.fixtures import portraits


def small(frame: Frame) -> Frame:
    shrunk = cv2.resize(frame, None, fx=0.2, fy=0.2, interpolation=cv2.INTER_AREA)
    canvas = np.full_like(frame, 96)
    canvas[: shrunk.shape[0], : shrunk.shape[1]] = shrunk
    return canvas


def dark(frame: Frame) -> Frame:
    return (frame * 0.12).astype(np.uint8)


def blurred(frame: Frame) -> Frame:
    return np.asarray(cv2.GaussianBlur(frame, (0, 0), 8), dtype=np.uint8)


def masked(frame: Frame) -> Frame:
    """Draw a white mask from the nose tip down over the face of person_a_2."""
    points = picture_and_points("person_a_2")[1]
    width = float(np.linalg.norm(points[1] - points[0]))
    nose, mouth = points[2], (points[3] + points[4]) / 2
    (x, y), (mouth_x, mouth_y) = nose, mouth
    left, right, low = 0.75 * width, 0.6 * width, 0.7 * width
    corners = [
        (x - left, y),
        (x + left, y),
        (mouth_x + right, mouth_y + low),
        (mouth_x - right, mouth_y + low),
    ]
    outline = np.array(corners).astype(np.int32)
    return np.asarray(cv2.fillPoly(frame.copy(), [outline], (235, 235, 235)), dtype=np.uint8)


def without_face(frame: Frame) -> Frame:
    return np.full_like(frame, 96)


def two_people(_frame: Frame) -> Frame:
    pictures = portraits()
    return np.hstack(
        [camera_frame(pictures[name], width=320, height=480) for name in ("person_a_2", "person_b_1")]
    )


USELESS = [
    (without_face, FaceReason.NO_FACE),
    (two_people, FaceReason.TWO_FACES),
    (small, FaceReason.TOO_SMALL),
    (dark, FaceReason.TOO_DARK),
    (blurred, FaceReason.BLURRED),
    (masked, FaceReason.COVERED),
]


def person(name: str, count: int = 200, *, seed: int = 0) -> Iterable[Frame]:
    return live_like_frames(portraits()[name], count, seed=seed)


def enrol(engine: YunetSfaceEngine, frames: Iterable[Frame]) -> EnrolmentStep:
    """Enrol who is not asked to turn the head: the checks of single frames."""
    session, shown = EnrolmentSession(engine, liveness=FrozenPictureCheck()), iter(frames)
    step = session.offer(next(shown), 0.0)
    while step.outcome is EnrolmentOutcome.NEED_MORE:
        step = session.offer(next(shown), 0.0)
    return step


def match(engine: YunetSfaceEngine, templates: dict[str, Embedding], frames: Iterable[Frame]) -> MatchStep:
    """Match who is not asked to turn the head."""
    session, shown = MatchSession(engine, templates, liveness=FrozenPictureCheck()), iter(frames)
    step = session.offer(next(shown), 0.0)
    while step.outcome is MatchOutcome.KEEP_LOOKING:
        step = session.offer(next(shown), 0.0)
    return step


@functools.cache
def enrolled_once(engine: YunetSfaceEngine, name: str) -> Embedding:
    template = enrol(engine, person(name, seed=500)).template
    assert template is not None
    return template


def template_of(engine: YunetSfaceEngine, name: str) -> Embedding:
    """A template of its own for each call, because searches overwrite theirs."""
    return enrolled_once(engine, name).copy()


@pytest.mark.wide
def test_five_good_frames_make_a_template_of_that_person(engine: YunetSfaceEngine) -> None:
    step = enrol(engine, person("person_b_1"))
    assert (step.outcome, step.frames_taken) == (EnrolmentOutcome.DONE, 5)
    assert step.template is not None
    portrait = portraits()["person_b_1"]
    assert similarity(engine, step.template, engine.embed(portrait, engine.find(portrait)[0])) > 0.9
    assert float(np.linalg.norm(step.template)) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize(("spoil", "reason"), USELESS)
def test_a_useless_frame_is_not_taken_and_says_why(
    engine: YunetSfaceEngine, spoil: Callable[[Frame], Frame], reason: FaceReason
) -> None:
    session = EnrolmentSession(engine)
    step = session.offer(jittered(spoil(camera_frame(portraits()["person_a_2"])), 1), 0.0)
    assert (step.outcome, step.hint, step.frames_taken) == (EnrolmentOutcome.NEED_MORE, reason, 0)


@pytest.mark.wide
def test_nothing_but_useless_frames_ends_in_a_refusal_with_the_last_reason(engine: YunetSfaceEngine) -> None:
    good = camera_frame(portraits()["person_a_2"])
    refused = enrol(engine, chain(repeat(without_face(good), 149), [two_people(good)]))
    assert (refused.outcome, refused.hint) == (EnrolmentOutcome.REFUSED, FaceReason.TWO_FACES)
    templates = {"person-a": template_of(engine, "person_a_2")}
    found = match(engine, templates, chain(repeat(without_face(good), 149), [two_people(good)]))
    assert (found.outcome, found.hint) == (MatchOutcome.REFUSED, FaceReason.TWO_FACES)


@pytest.mark.wide
def test_useless_frames_between_good_ones_do_not_spoil_an_enrolment(engine: YunetSfaceEngine) -> None:
    good = list(person("person_a_2", 5))
    empty = without_face(good[0])
    step = enrol(engine, chain(good[:2], [empty, empty], good[2:]))
    assert step.outcome is EnrolmentOutcome.DONE


@pytest.mark.wide
def test_frames_of_two_people_in_turn_make_no_template(engine: YunetSfaceEngine) -> None:
    step = enrol(engine, chain(person("person_a_2", 3), person("person_b_1", 3)))
    assert (step.outcome, step.hint, step.template) == (
        EnrolmentOutcome.REFUSED,
        FaceReason.INCONSISTENT,
        None,
    )


@pytest.mark.wide
def test_a_frozen_picture_is_refused_at_enrolment(engine: YunetSfaceEngine) -> None:
    step = enrol(engine, repeat(camera_frame(portraits()["person_a_2"])))
    assert (step.outcome, step.hint) == (EnrolmentOutcome.REFUSED, FaceReason.NOT_LIVE)


@pytest.mark.wide
def test_two_frames_in_a_loop_are_refused_as_not_live(engine: YunetSfaceEngine) -> None:
    step = enrol(engine, cycle(person("person_a_2", 2)))
    assert (step.outcome, step.hint) == (EnrolmentOutcome.REFUSED, FaceReason.NOT_LIVE)


@pytest.mark.wide
def test_a_frozen_face_with_a_clock_running_in_the_corner_is_refused(engine: YunetSfaceEngine) -> None:
    frames = [camera_frame(portraits()["person_a_2"]) for _ in range(10)]
    for number, frame in enumerate(frames):
        frame[:20, :20] = number
    assert enrol(engine, frames).hint is FaceReason.NOT_LIVE


@pytest.mark.wide
def test_a_frozen_picture_of_the_right_person_opens_nothing(engine: YunetSfaceEngine) -> None:
    templates = {"person-a": template_of(engine, "person_a_2")}
    step = match(engine, templates, repeat(camera_frame(portraits()["person_a_2"])))
    assert (step.outcome, step.hint) == (MatchOutcome.REFUSED, FaceReason.NOT_LIVE)


@pytest.mark.wide
@pytest.mark.first_set
@pytest.mark.parametrize(
    ("enrolled", "shown", "expected"),
    [
        ("person_a_1", "person_a_2", "person-a"),
        ("person_a_2", "person_a_1", "person-a"),
        ("person_b_1", "person_b_2", "person-b"),
        ("person_b_2", "person_b_1", "person-b"),
    ],
)
def test_a_person_is_recognised_years_later_among_the_home(
    engine: YunetSfaceEngine, enrolled: str, shown: str, expected: str
) -> None:
    home = {
        "impostor-1": template_of(engine, "impostor_1"),
        expected: template_of(engine, enrolled),
        "impostor-2": template_of(engine, "impostor_2"),
    }
    step = match(engine, home, person(shown))
    assert (step.outcome, step.person_id, step.frames_taken) == (MatchOutcome.MATCHED, expected, 2)
    assert step.similarity is not None
    assert step.similarity >= 0.506


@pytest.mark.wide
@pytest.mark.first_set
@pytest.mark.parametrize("stranger", ["impostor_1", "impostor_2", "person_b_2"])
def test_a_stranger_is_refused(engine: YunetSfaceEngine, stranger: str) -> None:
    step = match(engine, {"person-a": template_of(engine, "person_a_2")}, person(stranger))
    assert (step.outcome, step.hint, step.person_id) == (
        MatchOutcome.REFUSED,
        FaceReason.NOT_RECOGNISED,
        None,
    )


@pytest.mark.wide
def test_one_matching_frame_alone_opens_nothing(engine: YunetSfaceEngine) -> None:
    templates = {"person-a": template_of(engine, "person_a_2")}
    session = MatchSession(engine, templates, liveness=FrozenPictureCheck())
    frames = chain.from_iterable(zip(person("person_a_2", 6), person("impostor_1", 6), strict=True))
    outcomes = {session.offer(frame, 0.0).outcome for frame in islice(frames, 10)}
    assert outcomes == {MatchOutcome.KEEP_LOOKING}


@pytest.mark.wide
def test_a_face_swapped_in_during_a_look_ends_the_search(engine: YunetSfaceEngine) -> None:
    templates = {"person-a": template_of(engine, "person_a_2")}
    step = match(engine, templates, chain(person("impostor_1", 3), person("person_a_2", 6)))
    assert (step.outcome, step.hint) == (MatchOutcome.REFUSED, FaceReason.SWAPPED)


@pytest.mark.wide
def test_two_of_a_home_who_look_alike_are_distinguished_or_refused(engine: YunetSfaceEngine) -> None:
    own = template_of(engine, "person_a_2")
    alike = own + np.float32(0.03) * template_of(engine, "impostor_1")
    twins = {"person-a": own, "twin": (alike / np.linalg.norm(alike)).astype(np.float32)}
    step = match(engine, twins, person("person_a_2"))
    assert (step.outcome, step.hint, step.person_id) == (MatchOutcome.REFUSED, FaceReason.AMBIGUOUS, None)


@pytest.mark.wide
def test_several_looks_are_held_to_the_curve_that_was_measured_for_so_many(engine: YunetSfaceEngine) -> None:
    def at(rate: float, least: float) -> dict[int, tuple[CurvePoint, ...]]:
        return {2: (CurvePoint(rate, least, 0.01, missed_by_person=0.01),)}

    def found(curves: dict[int, tuple[CurvePoint, ...]], looks: int) -> bool:
        card = replace(engine.card, curves_of_looks=curves)
        templates = {"person-a": np.stack([template_of(engine, "person_a_2")] * looks)}
        needed = thresholds(card, templates)
        session = MatchSession(engine, templates, min_face_similarities=needed, liveness=FrozenPictureCheck())
        shown = person("person_a_2", seed=40)
        step = session.offer(next(shown), 0.0)
        while step.outcome is MatchOutcome.KEEP_LOOKING:
            step = session.offer(next(shown), 0.0)
        return step.outcome is MatchOutcome.MATCHED

    assert found({}, 2), "without a curve of two looks, one look's threshold counts"
    assert not found(at(1e-5, 0.9999), 2)
    assert found(at(1e-5, 0.9999), 1)
    assert found(at(1e-5, 0.3), 2)
    assert not found(at(0.5, 0.3), 2), "a curve of two looks that keeps no budget opens nothing"


def test_an_empty_dark_frame_says_that_it_is_dark(engine: YunetSfaceEngine) -> None:
    session = EnrolmentSession(engine)
    assert session.offer(np.full((480, 640, 3), 9, dtype=np.uint8), 0.0).hint is FaceReason.TOO_DARK


@pytest.mark.wide
def test_two_people_of_one_home_in_turn_are_not_taken_for_one(engine: YunetSfaceEngine) -> None:
    home = {"person-a": template_of(engine, "person_a_2"), "person-b": template_of(engine, "person_b_1")}
    session = MatchSession(engine, home, liveness=FrozenPictureCheck())
    a_frames, b_frames = person("person_a_2", 2), person("person_b_1", 2)
    in_turn = chain.from_iterable(zip(a_frames, b_frames, strict=True))
    assert {session.offer(frame, 0.0).outcome for frame in in_turn} == {MatchOutcome.KEEP_LOOKING}


def test_templates_are_overwritten_when_the_search_ends(engine: YunetSfaceEngine) -> None:
    template = template_of(engine, "person_a_2")
    assert match(engine, {"person-a": template}, person("person_a_2")).outcome is MatchOutcome.MATCHED
    assert not template.any()


def test_an_ended_session_takes_no_more_frames(engine: YunetSfaceEngine) -> None:
    search = MatchSession(engine, {})
    search.close()
    enrolment = EnrolmentSession(engine)
    enrolment.close()
    frame = camera_frame(portraits()["person_a_2"])
    with pytest.raises(ValueError, match="ended"):
        search.offer(frame, 0.0)
    with pytest.raises(ValueError, match="ended"):
        enrolment.offer(frame, 0.0)


@pytest.mark.parametrize("similarity_threshold", [0.0, 1.0, -1.0, float("nan")])
def test_a_threshold_that_accepts_everyone_or_no_one_is_refused(
    engine: YunetSfaceEngine, similarity_threshold: float
) -> None:
    with pytest.raises(BadFaceSetting, match="between 0 and 1"):
        MatchSession(engine, {}, min_face_similarities={"person-a": similarity_threshold})


def face(height: float, turn: float) -> FoundFace:
    quality = FaceQuality(
        confidence=0.9, face_height_pixels=height, brightness=120.0, sharpness=200.0, turn=turn
    )
    return FoundFace((0.0, 0.0, height, height), np.zeros((5, 2), dtype=np.float32), quality)


@pytest.mark.parametrize("turn", [0.5, -0.5, float("inf")])
def test_a_face_turned_away_is_reported_so(turn: float) -> None:
    assert capture_problem((face(200, turn),), MATCHING_LIMITS) is FaceReason.TURNED_AWAY


def test_a_small_face_far_behind_the_person_does_not_count() -> None:
    assert capture_problem((face(200, 0.0), face(60, 0.5)), MATCHING_LIMITS) is None
    assert capture_problem((face(200, 0.0), face(120, 0.0)), MATCHING_LIMITS) is FaceReason.TWO_FACES


@pytest.mark.wide
@pytest.mark.parametrize("searches", [False, True])
@pytest.mark.first_set
def test_a_frame_that_no_one_compares_is_not_described(
    engine: YunetSfaceEngine, monkeypatch: pytest.MonkeyPatch, searches: bool
) -> None:
    """Describe none between the screen's question and the head's movement: a slow engine has no time."""
    described: list[float] = []
    describe = engine.embed

    def counted(frame: Frame, face: FoundFace) -> Embedding:
        described.append(seconds)
        return describe(frame, face)

    templates = {"a": template_of(engine, "person_a_2")} if searches else {}
    monkeypatch.setattr(engine, "embed", counted)
    session = MatchSession(engine, templates) if searches else EnrolmentSession(engine)
    asked_seconds = 0.0
    for number, frame in enumerate(person("person_a_2", 30)):
        seconds = number / 10
        prompt = session.offer(frame, seconds).prompt
        if prompt in (Prompt.TURN_LEFT, Prompt.TURN_RIGHT):
            asked_seconds = asked_seconds or seconds
    session.close()
    assert 0 < asked_seconds < 2
    assert described
    assert [at for at in described if at >= asked_seconds] == []
