"""Calls that the server asks for: a real gate and real telephones; they give way to a visitor and to Help."""

import os
import shutil
import wave
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from gate_controller.cli import run as gate_command
from gate_controller.contract.calls import CallLeg, TaskDone
from gate_controller.control.telephone_tasks import ASK_SECONDS
from gate_controller.lane.telephone_task import KEYS_SECONDS
from gate_controller.terminal.view import HelpCall
from tests.flows.telephone_scene import Scene, answer
from tests.support.compounds.people import person, records
from tests.support.gates.bench import bench_gate
from tests.support.gates.call_office import PERSON, call_office
from tests.support.gates.waiting import until
from tests.support.telephones import RATE_HZ, telephone


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """A gate whose telephone can speak; `first` is a number to be proved, `second` the guard's."""
    if shutil.which("espeak-ng") is None and "CI" not in os.environ:
        pytest.skip("espeak-ng is not on this machine: apt install espeak-ng")
    with ExitStack() as held:
        program = held.enter_context(telephone(tmp_path, "gate"))
        first, second = (held.enter_context(telephone(tmp_path, name)) for name in ("first", "second"))
        (tmp_path / "prompts").mkdir()
        (tmp_path / "bench").mkdir()
        site = f"""
[telephone]
control_port = {program.control_port}
guard_numbers = ["{second.address}"]
prompts_dir = "{tmp_path}/prompts"
microphone = "aufile,{program.folder}/tone.wav"
"""
        bench = held.enter_context(bench_gate(tmp_path / "bench", more=site))
        office, bench.server_url = held.enter_context(call_office(bench.site))
        assert gate_command(["prompts", str(bench.write_site_file())]) == 0
        bench.give_policy(records(person()))
        bench.start(also={"telephone"})
        made = Scene(bench, office, program, *(held.enter_context(one.owner()) for one in (first, second)))
        made.number, made.heard = first.address, first.folder / "heard.wav"  # type: ignore[attr-defined]
        yield made


def begin(scene: Scene) -> None:
    """Let the server ask for a proof, once the gate has asked for work."""
    scene.office.task_leg = CallLeg(person_id=PERSON, number=scene.number, ring_seconds=20)  # type: ignore[attr-defined]
    scene.first.until("CALL_INCOMING", ASK_SECONDS + 10)


def accept(scene: Scene) -> None:
    scene.first.press("accept")
    scene.first.until("CALL_ESTABLISHED")
    call = scene.bench.gate.controller._telephone_tasks  # type: ignore[union-attr]
    until(lambda: call._call is not None and call._call.is_answered)


def test_a_number_is_proved_by_the_keys_pressed_there_after_a_spoken_prompt(scene: Scene) -> None:
    begin(scene)
    accept(scene)
    until(lambda: loudness(scene.heard)[10:].min(initial=9e9) < 50)  # type: ignore[attr-defined]
    assert loudness(scene.heard).max() > 500  # type: ignore[attr-defined]
    for key in "0459":
        scene.first.press("sndcode", key)
    until(lambda: bool(scene.office.done))
    assert scene.office.done == [TaskDone(task_id="t-1", result="answered", keys="0459")]
    assert scene.openings() == 0
    assert scene.decisions() == []


def loudness(heard: Path) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Return how loud each tenth of a second is of what a telephone has heard until now."""
    sound = np.frombuffer(heard.read_bytes()[44:-2] if heard.exists() else b"", dtype="<i2").astype(float)
    tenths = sound[: len(sound) // (RATE_HZ // 10) * (RATE_HZ // 10)].reshape(-1, RATE_HZ // 10)
    return np.sqrt((tenths**2).mean(axis=1))


def test_a_telephone_that_no_one_answers_and_one_without_keys_are_reported(scene: Scene) -> None:
    begin(scene)
    scene.first.press("hangup")
    until(lambda: bool(scene.office.done))
    begin(scene)
    accept(scene)
    scene.bench.passes(KEYS_SECONDS)
    until(lambda: len(scene.office.done) == 2)
    assert [one.result for one in scene.office.done] == ["not_answered", "answered"]
    assert [one.keys for one in scene.office.done] == ["", ""]


def test_help_takes_the_telephone_at_once(scene: Scene) -> None:
    begin(scene)
    tasks = scene.bench.gate.controller._telephone_tasks  # type: ignore[union-attr]
    scene.bench.keys.type("##9")
    until(lambda: scene.desk.screen.help_call is HelpCall.CALLING)
    assert tasks._call is None
    scene.first.until("CALL_CLOSED")
    answer(scene.second)
    until(lambda: scene.desk.screen.help_call is HelpCall.TALKING)
    until(lambda: [one.result for one in scene.office.done] == ["not_answered"])


def test_a_visitors_call_takes_the_telephone_at_once_and_its_9_opens(scene: Scene) -> None:
    begin(scene)
    number = scene.bench.gate.controller._parts.telephone.wishes.numbers[0]  # type: ignore[union-attr]
    scene.office.legs = (CallLeg(person_id=PERSON, number=number, ring_seconds=20),)
    scene.call()
    scene.first.until("CALL_CLOSED")
    answer(scene.second)
    scene.second.press("sndcode", "9")
    assert scene.decisions_after_the_end() == [("call", "granted", True)]


def test_who_answers_at_home_hears_what_the_keys_do_and_then_the_visitor(scene: Scene) -> None:
    telephone = scene.bench.gate.controller._parts.telephone  # type: ignore[union-attr]
    assert 4 < telephone.home_prompt_seconds < 15  # type: ignore[union-attr]
    scene.office.legs = (CallLeg(person_id=PERSON, number=scene.number, ring_seconds=20),)  # type: ignore[attr-defined]
    scene.call()
    answer(scene.first)
    heard = scene.heard  # type: ignore[attr-defined]
    # The pauses of speech: the tone that stands for the visitor has none.
    until(lambda: loudness(heard)[10:].min(initial=9e9) < 50)
    assert loudness(heard).max() > 500
    scene.bench.passes(telephone.home_prompt_seconds)  # type: ignore[union-attr]
    begins = len(loudness(heard))
    until(lambda: (loudness(heard)[begins + 5 :] > 500).sum() > 30)
    assert (loudness(heard)[begins + 5 :] > 500).all(), "the visitor is heard, and nothing else"
    scene.first.press("sndcode", "9")
    assert scene.decisions_after_the_end() == [("call", "granted", True)]


def test_a_gate_whose_telephone_program_died_leaves_the_calls_to_other_gates(scene: Scene) -> None:
    until(lambda: scene.desk.calls.is_offered)
    scene.program.process.kill()
    until(lambda: scene.bench.health("telephone") == "lost")
    scene.office.task_leg = CallLeg(person_id=PERSON, number=scene.number, ring_seconds=20)  # type: ignore[attr-defined]
    scene.bench.passes(ASK_SECONDS + 1)
    scene.call()
    until(lambda: len(scene.office.reports) >= 3)
    assert scene.office.task_leg is not None
    assert not any(report.has_telephone for report in scene.office.reports)
    assert scene.office.done == []


def test_each_prompt_is_long_enough_at_the_rate_of_telephones(scene: Scene) -> None:
    files = sorted((scene.bench.root.parent / "prompts").iterdir())
    assert [file.name for file in files] == [
        "home.all.wav",
        *("proof.en.wav", "proof.zh.wav", "test.en.wav", "test.zh.wav"),
    ]
    for file in files[1:]:
        with wave.open(str(file)) as prompt:
            assert prompt.getframerate() == RATE_HZ
            assert prompt.getnframes() / RATE_HZ > KEYS_SECONDS + 10
