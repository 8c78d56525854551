import os
import shutil
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
import qrcode
from hypothesis import given
from hypothesis import strategies as st

from hardware.cameras.camera import FileCamera, FolderCamera, GrabbingCamera, V4l2Camera
from hardware.cameras.picture_folder import list_pictures, next_name
from hardware.cameras.pictures import decode_picture
from hardware.errors import BadDeviceSetting, DeviceRefused, DeviceUnavailable
from hardware.interfaces import Frame, Health
from hardware.readers.qr_scanners import read_codes, read_codes_in_file
from hardware.simulated.camera_scene import street
from tests.hardware.cameras.waiting import wait_until

pytestmark = pytest.mark.usefixtures("nothing_left_behind")
TEXT = "MJ1:6BF+70MD-9/83$EO%Y2.K:ZW3*4VT7+58R2%CF9:4KAJ0Q"


def grey(level: int) -> Frame:
    return np.full((48, 64, 3), level, np.uint8)


def put(folder: Path, name: str, frame: Frame) -> None:
    """Put a picture into a folder the way a camera program should: whole or not at all."""
    waiting = folder / (name + ".part")
    waiting.write_bytes(cv2.imencode(".png", frame)[1].tobytes())
    waiting.replace(folder / name)


def qr_frame(text: str, degrees: float) -> Frame:
    code = qrcode.QRCode(box_size=6, error_correction=qrcode.constants.ERROR_CORRECT_M)
    code.add_data(text)
    code.make()
    modules = np.array(code.get_matrix(), np.uint8)
    picture = np.kron(np.where(modules, 20, 235).astype(np.uint8), np.ones((6, 6), np.uint8))
    canvas = np.full((720, 1280), 140, np.uint8)
    top, left = 180, 460
    canvas[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    turn = cv2.getRotationMatrix2D((640, 360), degrees, 1.0)
    turned = cv2.warpAffine(canvas, turn, (1280, 720), borderValue=140)
    return np.asarray(cv2.cvtColor(turned, cv2.COLOR_GRAY2BGR), np.uint8)


def level_of(frame: Frame | None) -> int:
    assert frame is not None
    return round(float(frame.mean()))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "frames"
    folder.mkdir()
    return folder


def test_a_camera_is_closed_until_asked_and_after(folder: Path) -> None:
    put(folder, "a.png", grey(50))
    camera = FolderCamera(folder, name="cam")
    assert not camera.is_open
    assert camera.newest_frame(0.01) is None
    camera.open()
    camera.open()
    assert camera.is_open
    assert level_of(camera.newest_frame(2)) == 50
    camera.close()
    camera.close()
    assert not camera.is_open
    assert camera.newest_frame(0.01) is None


def test_frames_still_held_are_overwritten_on_close(folder: Path) -> None:
    put(folder, "a.png", grey(50))
    camera = FolderCamera(folder, name="cam", frames_per_second=1)
    camera.open()
    wait_until(lambda: camera._newest is not None)  # the frame that was not fetched
    held = camera._newest
    camera.close()

    assert held is not None
    assert not held.any()
    assert camera._newest is None


def test_a_frame_that_a_newer_one_replaces_is_overwritten(folder: Path) -> None:
    put(folder, "a.png", grey(50))
    camera = FolderCamera(folder, name="cam", frames_per_second=1)
    camera.open()
    wait_until(lambda: camera._newest is not None)
    held = camera._newest
    put(folder, "a.png", grey(90))
    wait_until(lambda: camera._newest is not held)
    assert held is not None
    assert not held.any()
    camera.close()


class NumberedSource:
    """A device that sends a frame every 2 ms, each with its own number."""

    def __init__(self) -> None:
        self.sent = 0
        self.decoded = 0

    def next_frame(self, *, skip: bool = False) -> tuple[Frame, int] | None:
        time.sleep(0.002)
        self.sent += 1
        self.decoded += not skip
        return None if skip else (np.full((4, 4, 3), self.sent % 256, np.uint8), self.sent)

    def release(self) -> None:
        return


def test_a_slow_reader_always_gets_the_newest_frame() -> None:
    source = NumberedSource()
    camera = GrabbingCamera(lambda: source, name="cam")
    camera.open()
    for _ in range(5):
        sent = source.sent
        wait_until(lambda sent=sent: source.sent > sent + 20)
        newest = source.sent
        assert camera.newest_frame(2) is not None
        assert camera.newest_captured_at_ns >= newest - 1
    camera.close()


def test_a_paced_camera_takes_every_frame_and_decodes_few() -> None:
    source = NumberedSource()
    camera = GrabbingCamera(lambda: source, name="cam")
    camera.pace(5)
    camera.open()
    wait_until(lambda: source.sent > 200)
    slow, sent = source.decoded, source.sent
    camera.pace(None)
    wait_until(lambda: source.decoded > slow + 20)
    camera.close()

    assert slow < sent / 20


def test_a_torn_jpeg_is_passed_over_or_shown_and_the_next_whole_one_is_shown(folder: Path) -> None:
    whole = cv2.imencode(".jpg", street())[1].tobytes()
    camera = FolderCamera(folder, name="cam", frames_per_second=100)
    camera.open()
    for share in (0.01, 0.1, 0.5, 0.99):
        (folder / "a.jpg").write_bytes(whole[: int(len(whole) * share)])
        camera.newest_frame(0.05)
        put(folder, "b.png", grey(90))
        wait_until(lambda: (frame := camera.newest_frame(1)) is not None and level_of(frame) == 90)
        (folder / "b.png").unlink()
    camera.close()


def test_pictures_of_changing_and_of_huge_size_are_shown_as_they_are(folder: Path) -> None:
    camera = FolderCamera(folder, name="cam", frames_per_second=100)
    camera.open()
    for height, width in ((48, 64), (4000, 6000), (1, 1), (480, 640)):
        put(folder, "a.png", np.full((height, width, 3), 7, np.uint8))
        size = (height, width, 3)
        wait_until(lambda size=size: (frame := camera.newest_frame(1)) is not None and frame.shape == size)
    camera.close()


@pytest.mark.parametrize("order", ["newest", "cycled"])
def test_a_new_or_replaced_picture_is_shown_next(folder: Path, order) -> None:
    put(folder, "a.png", grey(50))
    # One frame in 10 s: what comes sooner came because the picture changed.
    camera = FolderCamera(folder, name="cam", frames_per_second=0.1, order=order)
    camera.open()
    assert level_of(camera.newest_frame(2)) == 50
    before_ns = time.monotonic_ns()
    put(folder, "b.png", grey(90))
    assert level_of(camera.newest_frame(2)) == 90
    assert camera.newest_captured_at_ns >= before_ns
    put(folder, "a.png", grey(120))
    assert level_of(camera.newest_frame(2)) == 120
    camera.close()


def test_a_cycled_folder_shows_its_pictures_in_turn(folder: Path) -> None:
    for index in range(3):
        put(folder, f"{index}.png", grey(10 + index))
    camera = FolderCamera(folder, name="cam", frames_per_second=40, order="cycled")
    camera.open()
    shown = [level_of(camera.newest_frame(2)) for _ in range(6)]
    camera.close()

    assert shown == [10, 11, 12, 10, 11, 12]


def test_a_half_written_picture_is_passed_over_until_it_is_whole(folder: Path) -> None:
    put(folder, "a.png", grey(50))
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    camera = FolderCamera(folder, name="cam", frames_per_second=100)
    camera.open()
    assert [level_of(camera.newest_frame(2)) for _ in range(3)] == [50, 50, 50]
    put(folder, "broken.png", grey(90))
    wait_until(lambda: level_of(camera.newest_frame(2)) == 90)
    camera.close()


def test_a_folder_that_is_emptied_gives_no_frame_and_one_that_is_filled_does(folder: Path) -> None:
    camera = FolderCamera(folder, name="cam", frames_per_second=100)
    camera.open()
    assert camera.newest_frame(0.05) is None
    put(folder, "a.png", grey(50))
    assert level_of(camera.newest_frame(2)) == 50
    shutil.rmtree(folder)
    camera.newest_frame(0.05)
    assert camera.newest_frame(0.05) is None
    assert camera.is_open
    camera.close()


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 5)),
    st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 5)),
    st.none() | st.sampled_from("abcdef"),
    st.sampled_from(["cycled", "newest"]),
)
def test_the_picture_to_show_is_one_that_is_there(names, seen, current, order) -> None:
    now = {name: (at, 0, 0, 0) for name, at in names.items()}
    before = {name: (at, 0, 0, 0) for name, at in seen.items()}
    shown = next_name(now, before, current, order)

    assert shown in now or (shown is None and not now)


def test_only_pictures_are_listed(folder: Path) -> None:
    put(folder, "a.png", grey(1))
    (folder / "notes.txt").write_text("x")

    assert list(list_pictures(folder)) == ["a.png"]
    assert list_pictures(folder / "gone") == {}


@pytest.mark.parametrize("frames_per_second", [0, -1, 1000])
def test_an_impossible_pace_is_refused(folder: Path, frames_per_second: float) -> None:
    with pytest.raises(BadDeviceSetting, match="frames_per_second"):
        FolderCamera(folder, name="cam", frames_per_second=frames_per_second)


def test_cameras_that_are_not_there_say_so(tmp_path: Path) -> None:
    for camera in (
        FolderCamera(tmp_path / "none", name="cam"),
        FileCamera(tmp_path / "none.avi", name="cam"),
        V4l2Camera(str(tmp_path / "video9"), name="cam"),
    ):
        with pytest.raises(DeviceUnavailable, match="cam"):
            camera.open()
        assert not camera.is_open


def test_opencv_does_not_wait_ten_seconds_for_a_stalled_camera() -> None:
    assert os.environ["OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT"] == "1"


def video(path: Path, levels: list[int]) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 50, (64, 48))
    for level in levels:
        writer.write(grey(level))
    writer.release()
    return path


def test_a_video_file_is_played_over_and_over(tmp_path: Path) -> None:
    camera = FileCamera(video(tmp_path / "v.avi", [40, 200]), name="cam")
    camera.open()
    shown = {round(level_of(camera.newest_frame(2)) / 40) for _ in range(6)}
    camera.close()

    assert shown == {1, 5}


def test_a_video_that_is_over_closes_the_camera_and_is_reported(tmp_path: Path, reports) -> None:
    path = video(tmp_path / "v.avi", [40, 200])
    camera = FileCamera(path, name="cam", loop=False, report=reports)
    camera.open()
    assert "over" in reports.wait_for(Health.LOST).detail
    wait_until(lambda: not camera.is_open)
    camera.open()
    assert camera.newest_frame(2) is not None
    camera.close()


@pytest.mark.parametrize("degrees", [0, 17, 45, 90, 180, 233])
def test_a_turned_code_is_read_from_a_frame(degrees: float) -> None:
    assert read_codes(qr_frame(TEXT, degrees)) == (TEXT,)


def test_a_code_held_to_a_folder_camera_is_read(folder: Path) -> None:
    put(folder, "scene.png", np.full((720, 1280, 3), 140, np.uint8))
    camera = FolderCamera(folder, name="cam", frames_per_second=20)
    camera.open()
    assert read_codes(camera.newest_frame(2)) == ()
    put(folder, "scene.png", qr_frame(TEXT, 17))
    wait_until(lambda: read_codes(camera.newest_frame(2)) == (TEXT,))
    camera.close()


def test_other_kinds_of_code_are_not_read() -> None:
    import zxingcpp

    code = zxingcpp.create_barcode("5901234123457", zxingcpp.BarcodeFormat.EAN13)
    picture = np.asarray(code.to_image(scale=4), np.uint8)

    assert read_codes(np.pad(picture, 40, constant_values=255)) == ()


def test_codes_are_read_from_picture_files(tmp_path: Path) -> None:
    put(tmp_path, "code.png", qr_frame(TEXT, 0))

    assert read_codes_in_file(tmp_path / "code.png") == (TEXT,)


def test_a_file_that_is_no_picture_is_refused_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "empty.png").touch()
    for name, words in [
        ("notes.txt", "not a picture"),
        ("empty.png", "not a picture"),
        ("none.png", "No such file"),
        (".", "no regular file"),
    ]:
        with pytest.raises(DeviceRefused, match=words):
            read_codes_in_file(tmp_path / name)


@given(st.binary(max_size=400))
def test_any_bytes_are_a_picture_or_none(data: bytes) -> None:
    decode_picture(data)
    decode_picture(b"\x89PNG\r\n\x1a\n" + data)
    decode_picture(b"\xff\xd8\xff\xe0" + data)


END_OF_PNG = b"\0\0\0\0IEND\xaeB`\x82"
CLAIMS_A_GIGABYTE = (
    # A PNG of 2^31 - 1 columns and rows, one with a chunk of 2^31 bytes, a JPEG of 65,535 by 65,535, and a
    # lossless WebP. The second and the last were found by a fuzzer.
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\x7f\xff\xff\xff\x7f\xff\xff\xff\x08\x02\0\0\0crc!" + END_OF_PNG,
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x20\0\0\0\x20\x08\x02\0\0\0crc!\x80\0\0\x02IDAT12" + END_OF_PNG,
    b"\xff\xd8\xff\xc0\0\x11\x08\xff\xff\xff\xff\x03\x01\x22\0\x02\x11\x01\x03\x11\x01",
    b"/\x1f\xff\xf3\x1fx" + b"D" * 42 + b"\x10\x08$\x0c\xfb[n\x91BD\xffsF\xc6g\x9c\x11\x00",
)


def test_what_follows_a_png_is_not_read_and_one_without_pixels_is_none() -> None:
    png = cv2.imencode(".png", np.zeros((4, 4, 3), np.uint8))[1].tobytes()
    behind = png + b"\x7f\xff\xff\xffIDAT"
    assert np.array_equal(decode_picture(behind), decode_picture(png))
    assert decode_picture(png[:20] + bytes(4) + png[24:]) is None  # a height of 0


@pytest.mark.parametrize("data", CLAIMS_A_GIGABYTE, ids=["png", "png chunk", "jpeg", "webp"])
def test_a_picture_that_claims_a_gigabyte_is_refused_before_it_is_unpacked(
    data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("unpacked"))
    assert decode_picture(data) is None
