"""A network camera: OpenCV's FFmpeg against a camera's side of RTSP, over real sockets."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.cameras.rtsp import RtspCamera
from hardware.cameras.rtsp_diagnosis import RtspLogin, parse_login, why_not, with_login
from hardware.errors import BadDeviceSetting, DeviceUnavailable
from hardware.interfaces import DeviceState, Frame, Health
from hardware.simulated.camera_scene import CameraScene
from hardware.simulated.rtsp_camera import RtspTwin
from tests.hardware.cameras.waiting import wait_until

pytestmark = pytest.mark.usefixtures("nothing_left_behind")
SECRET = "p@ss:w/ord%2"
LOGIN = RtspLogin("gate", SECRET)


@pytest.fixture
def twin() -> Iterator[RtspTwin]:
    with RtspTwin(CameraScene().next_frame, login=f"gate:{SECRET}") as twin:
        yield twin


def open_camera(twin: RtspTwin, **settings) -> RtspCamera:
    camera = RtspCamera(twin.address, name="eye", login=LOGIN, read_seconds=1.0, **settings)
    camera.open()
    return camera


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """Listen on a port where something else than a camera answers."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def answer_all() -> None:
            while True:
                connection, _ = server.accept()
                with connection:
                    if connection.recv(4096) == b"over":
                        return
                    connection.sendall(answer)

        thread = threading.Thread(target=answer_all)
        thread.start()
        host, port = server.getsockname()
        yield f"rtsp://{host}:{port}/main"
        with socket.create_connection((host, port)) as last:
            last.sendall(b"over")
        thread.join()


def test_frames_arrive_with_a_login_that_needs_quoting(twin: RtspTwin) -> None:
    camera = open_camera(twin)
    frames = [camera.newest_frame(2) for _ in range(5)]
    camera.close()
    assert [frame.shape for frame in frames if frame is not None] == [(480, 640, 3)] * 5
    wait_until(lambda: twin.readers == 0)


def test_a_slow_reader_gets_the_newest_frame() -> None:
    scene = CameraScene()
    with RtspTwin(scene.next_frame, frames_per_second=30) as twin:
        camera = RtspCamera(twin.address, name="eye")
        camera.open()
        assert camera.newest_frame(2) is not None
        time.sleep(0.5)
        scene.show(np.full((480, 640, 3), 220, np.uint8))
        shown_ns = time.monotonic_ns()
        time.sleep(0.5)
        frame = camera.newest_frame(2)
        camera.close()
    assert frame is not None
    assert frame.mean() > 200
    assert camera.newest_captured_at_ns > shown_ns


def test_a_camera_taken_off_the_network_is_lost_and_opened_again(twin: RtspTwin, reports) -> None:
    camera = open_camera(twin, report=reports)
    assert camera.newest_frame(2) is not None
    twin.unplug()
    assert "sends no frames any more" in reports.wait_for(Health.LOST).detail
    wait_until(lambda: not camera.is_open)
    with pytest.raises(DeviceUnavailable, match="cannot be reached"):
        camera.open()
    twin.replug()
    camera.open()
    assert camera.newest_frame(2) is not None
    camera.close()


def test_a_camera_that_hangs_is_lost_after_the_read_time_out(twin: RtspTwin, reports) -> None:
    camera = open_camera(twin, report=reports)
    assert camera.newest_frame(2) is not None
    twin.hang()
    assert reports.wait_for(Health.LOST).device == "eye"
    wait_until(lambda: not camera.is_open)  # what had come before goes with it
    assert camera.newest_frame(0) is None
    camera.close()


def test_the_login_is_in_no_error_no_state_no_repr_and_no_line_on_the_terminal(
    twin: RtspTwin, reports, capfd
) -> None:
    camera = open_camera(twin, report=reports)
    twin.login = "gate:changed"
    twin.unplug()
    wait_until(lambda: not camera.is_open)
    twin.replug()
    with pytest.raises(DeviceUnavailable, match="refuses the login") as refused:
        camera.open()
    said = capfd.readouterr()
    seen = [said.out, said.err, str(refused.value), repr(LOGIN), repr(camera), str(reports.drain())]
    assert DeviceState in {type(report) for report in reports.seen}
    for secret in (SECRET, "p%40ss", "gate:"):
        assert secret not in " ".join(seen)


@pytest.mark.parametrize(
    ("login", "path", "words"),
    [
        (None, "/main", "asks for a login"),
        (RtspLogin("gate", "wrong"), "/main", "refuses the login"),
        (LOGIN, "/other", "no stream called /other"),
    ],
)
def test_a_stream_that_cannot_be_read_says_why(twin: RtspTwin, login, path, words) -> None:
    camera = RtspCamera(twin.address.replace("/main", path), name="eye", login=login)
    with pytest.raises(DeviceUnavailable, match=words):
        camera.open()
    assert not camera.is_open


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "speaks no RTSP"),
        (b"", "speaks no RTSP"),
        (b"\xff" * 30_000, "speaks no RTSP"),
        (b"RTSP/1.0 503 Busy\r\n\r\n", "error 503"),
        (b"RTSP/1.0 200 OK\r\n\r\n", "no pictures that OpenCV reads"),
    ],
)
def test_something_else_at_the_address_is_named(answer: bytes, words: str) -> None:
    with answering(answer) as address:
        assert words in why_not(address, LOGIN)


def test_a_host_that_is_not_there_is_named() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    assert f"port {port} cannot be reached" in why_not(f"rtsp://127.0.0.1:{port}/a", None)


def test_a_host_that_says_nothing_is_given_up() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        address = f"rtsp://127.0.0.1:{server.getsockname()[1]}/a"
        assert "nothing answers" in why_not(address, None, timeout_seconds=0.1)


@pytest.mark.parametrize(
    "address", ["http://192.0.2.1/", "rtsp://", "/dev/video0", "rtsp://x:99999/", "rtsp://[/"]
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(BadDeviceSetting, match="such as rtsp://"):
        RtspCamera(address, name="eye")


def test_an_address_with_a_password_is_refused_without_repeating_it() -> None:
    with pytest.raises(BadDeviceSetting, match=r"camera-eye\.login") as refused:
        RtspCamera("rtsp://gate:hunter2@192.0.2.7/main", name="eye")
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("line", ["", "gate", ":x", "gate:", "gate:a\nb:c"])
def test_a_login_file_without_a_login_is_refused_without_repeating_it(line: str) -> None:
    with pytest.raises(BadDeviceSetting, match=r"^login-file must hold one line, user:password"):
        parse_login(line, where="login-file")


@given(
    st.text(min_size=1).filter(lambda t: ":" not in t and "\n" not in t and "\r" not in t),
    st.text(min_size=1),
)
def test_any_login_goes_into_the_address_as_one(user: str, password: str) -> None:
    quoted = with_login("rtsp://192.0.2.7:554/main", RtspLogin(user, password))
    assert quoted.endswith("@192.0.2.7:554/main")
    assert quoted.count("@") == 1
    assert quoted.count("/") == 3


def test_a_stream_whose_size_changes_goes_on() -> None:
    sizes = iter([(480, 640)] * 20 + [(240, 320)] * 2000)

    def next_frame() -> Frame:
        return np.full((*next(sizes), 3), 90, np.uint8)

    with RtspTwin(next_frame, frames_per_second=30) as twin:
        camera = RtspCamera(twin.address, name="eye")
        camera.open()
        seen = set()
        until = time.monotonic() + 8
        while len(seen) < 2 and time.monotonic() < until:
            frame = camera.newest_frame(1)
            seen.update({frame.shape[:2]} if frame is not None else ())
        camera.close()
    assert seen == {(480, 640), (240, 320)}
