"""Promise 6 in a call: the camera is the gate's or the browser's of its screen, and the screen says so.

A whole gate with a real camera of files and its real screen over HTTP; the browser's part is played, since
what it does with a microphone and a camera has its own test (tests/browser/terminal/test_call_sound.py).
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gate_controller.contract.calls import CallEnd
from tests.promises.screen_visitor import TERMINAL, ScreenVisitor, at_the_screen
from tests.promises.watched_camera import camera_of, wait_until, watching
from tests.support.compounds.people import card, person, pin, records
from tests.support.gates.bench import CARD_KEY, PIN_KEY, BenchGate, bench_gate
from tests.support.gates.call_office import CallOffice, call_office
from tests.support.gates.waiting import PATIENCE_SECONDS, until
from tests.support.media_side import SIDE

SPEAKS = TERMINAL + "call_sound = true\ncall_picture = true\n"


@dataclass
class Kiosk:
    """The screen's browser: says several times a second how it is, until it is closed."""

    visitor: ScreenVisitor
    has_camera: bool = False
    closed: threading.Event = field(default_factory=threading.Event)
    spoken: threading.Event = field(default_factory=threading.Event)
    """Whether its last word is out."""

    def speak(self) -> None:
        while not self.closed.wait(0.1):
            self.say()
        self.spoken.set()

    def say(self) -> None:
        call = (self.view.get("sound") or {}).get("call", "")
        offer = {"offer": SIDE_OF_GATE} if call else {}
        self.visitor.press("sound", call=call, camera_open=self.has_camera, **offer)

    @property
    def view(self) -> dict[str, Any]:
        return self.visitor.views[-1]

    def may_open(self) -> bool:
        return bool((self.view.get("sound") or {}).get("picture"))


SIDE_OF_GATE = {
    "ufrag": SIDE.ufrag,
    "pwd": SIDE.pwd,
    "fingerprint": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    "candidates": [{"kind": "host", "address": "192.0.2.7", "port": 56139}],
}


@dataclass
class Scene:
    """A gate, the office that it reports to, and the browser of its screen."""

    bench: BenchGate
    office: CallOffice
    kiosk: Kiosk

    def call(self) -> None:
        self.kiosk.visitor.wait_for(calls_offered=True, online=True)
        self.bench.keys.type("##7" + "31203#")
        self.kiosk.visitor.wait_for(screen="calling")


@pytest.fixture
def scene(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Scene]:
    (tmp_path / "pictures").mkdir()
    with (
        bench_gate(tmp_path, more=SPEAKS.format(root=tmp_path)) as bench,
        call_office(bench.site) as (office, address),
    ):
        bench.server_url = address
        bench.has_scanner = not hasattr(request, "param")
        bench.give_policy(records(person(), card(7, CARD_KEY), pin("482915", PIN_KEY)))
        bench.start()
        with at_the_screen(bench) as visitor:
            kiosk = Kiosk(visitor)
            speaking = threading.Thread(target=kiosk.speak, name="kiosk")
            speaking.start()
            yield Scene(bench, office, kiosk)
            kiosk.closed.set()
            speaking.join()


@pytest.fixture
def page_is_never_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the played page be slow on a busy machine, where it is not about one that is gone."""
    monkeypatch.setattr("gate_controller.lane.camera_lease.GONE_SECONDS", PATIENCE_SECONDS)
    monkeypatch.setattr("gate_controller.lane.sound_desk.HERE_SECONDS", PATIENCE_SECONDS)


@pytest.mark.usefixtures("page_is_never_late")
def test_the_gates_program_has_closed_the_camera_before_the_browser_may_open_it(scene: Scene) -> None:
    kiosk, camera = scene.kiosk, camera_of(scene.bench)
    scene.call()
    kiosk.visitor.wait_for(sound_note="camera_in_call")
    kiosk.visitor.press("method", method="qr")
    wait_until(camera, is_open=True)
    scene.office.stage = "answered"
    kiosk.visitor.wait_for(sound_note="", camera="codes_only")
    assert not kiosk.may_open(), "the gate looks for a code"
    kiosk.visitor.press("cancel")
    until(kiosk.may_open)
    assert not camera.is_open
    assert kiosk.view["camera"] == "call"
    kiosk.has_camera = True
    with watching(camera) as seen_open:
        kiosk.visitor.press("method", method="qr")
        kiosk.visitor.wait_for(screen="show_code", message="code_to_scanner")
        kiosk.visitor.press("method", method="face")
        kiosk.visitor.wait_for(screen="refused", message="face_unavailable")
        kiosk.visitor.press("cancel")
        scene.office.stage, scene.office.end = "over", CallEnd.ENDED
        until(lambda: not kiosk.may_open())
        scene.bench.handled()
        assert kiosk.view["camera"] == "call", "the browser has not let go of it"
    assert True not in seen_open
    kiosk.has_camera = False
    kiosk.visitor.wait_for(camera="closed")
    kiosk.visitor.press("method", method="qr")
    wait_until(camera, is_open=True)
    kiosk.visitor.press("cancel")


@pytest.mark.usefixtures("page_is_never_late")
@pytest.mark.parametrize("scene", ["without a scanner"], indirect=True)
def test_where_the_camera_alone_reads_codes_the_screen_says_that_a_call_has_it(scene: Scene) -> None:
    scene.call()
    scene.office.stage = "answered"
    until(scene.kiosk.may_open)
    scene.kiosk.visitor.press("method", method="qr")
    scene.kiosk.visitor.wait_for(screen="refused", message="camera_of_call")


def test_a_browser_that_is_gone_leaves_the_camera_to_the_gate_within_seconds(scene: Scene) -> None:
    kiosk = scene.kiosk
    scene.call()
    scene.office.stage = "answered"
    until(kiosk.may_open)
    kiosk.has_camera = True
    kiosk.say()
    kiosk.closed.set()
    kiosk.visitor.wait_for(camera="closed")
    assert not kiosk.may_open()


def test_both_sides_of_the_sound_pass_and_are_forgotten_with_the_call(scene: Scene) -> None:
    scene.call()
    until(lambda: any(report.media_offer for report in scene.office.reports))
    scene.office.media_answer, scene.office.stage = SIDE, "answered"
    until(lambda: ((scene.kiosk.view.get("sound") or {}).get("answer") or {}).get("ufrag") == SIDE.ufrag)
    scene.office.stage, scene.office.end = "over", CallEnd.ENDED
    until(lambda: scene.kiosk.view.get("sound") is None)
    scene.kiosk.closed.set()
    scene.kiosk.spoken.wait(PATIENCE_SECONDS)
    scene.bench.stop()
    for path in scene.bench.root.rglob("*"):
        if path.is_file() and path.parent.name == "data":
            assert SIDE.pwd.encode() not in path.read_bytes()
