"""Cameras as the site file names them, their logins, and what the installer reads."""

import time
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

from gate_controller.assembly.cameras import describe_camera, login_file, make_camera, read_login
from gate_controller.storage.secrets import SecretsUnusable, write_secret
from hardware.cameras.camera import FolderCamera
from hardware.cameras.drivers import CameraSection
from hardware.cameras.rtsp import RtspCamera
from hardware.errors import BadDeviceSetting
from hardware.simulated.camera_scene import CameraScene, hand_on_the_lens, street
from hardware.simulated.rtsp_camera import RtspTwin

SECRET = "wheelbarrow-17"


def section(kind: str, source: str) -> CameraSection:
    return msgspec.convert({"kind": kind, "source": source, "lane": "north-in"}, CameraSection)


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        ("v4l2", "/dev/v4l/by-id/usb-046d_HD_Webcam-video-index0"),
        ("v4l2", "0"),
        ("rtsp", "rtsp://192.0.2.7/main"),
        ("file", "/srv/lane.mp4"),
        ("folder", "/srv/pictures"),
    ],
)
def test_every_kind_of_camera_is_made_closed(tmp_path: Path, kind: str, source: str) -> None:
    camera = make_camera("eye", section(kind, source), tmp_path)
    assert (camera.name, camera.is_open) == ("eye", False)


def test_a_login_is_read_from_its_own_file_and_a_camera_may_have_none(tmp_path: Path) -> None:
    assert read_login(tmp_path, "eye") is None
    write_secret(tmp_path, login_file("eye"), b"gate:a:b\n")
    login = read_login(tmp_path, "eye")
    assert login is not None
    assert (login.user, login.password) == ("gate", "a:b")


def test_a_login_that_others_may_read_is_refused_with_the_remedy(tmp_path: Path) -> None:
    write_secret(tmp_path, login_file("eye"), f"gate:{SECRET}".encode())
    (tmp_path / login_file("eye")).chmod(0o640)
    with pytest.raises(SecretsUnusable, match="chmod 600") as refused:
        make_camera("eye", section("rtsp", "rtsp://192.0.2.7/main"), tmp_path)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("content", [SECRET.encode(), b"", b"gate:" + SECRET.encode() + b"\nmore:lines"])
def test_a_file_that_is_no_login_is_refused_by_its_name_alone(tmp_path: Path, content: bytes) -> None:
    write_secret(tmp_path, login_file("eye"), content)
    with pytest.raises(BadDeviceSetting, match=r"camera-eye\.login must hold one line") as refused:
        read_login(tmp_path, "eye")
    assert SECRET not in str(refused.value)


def test_a_login_that_is_no_text_is_refused(tmp_path: Path) -> None:
    write_secret(tmp_path, login_file("eye"), b"gate:\xff\xfe")
    with pytest.raises(SecretsUnusable, match="must be text"):
        read_login(tmp_path, "eye")


def test_the_installer_reads_size_and_pace() -> None:
    with RtspTwin(CameraScene().next_frame, frames_per_second=10) as twin:
        sees, text = describe_camera(RtspCamera(twin.address, name="eye"), 2, time.monotonic)
    assert sees
    assert text.startswith("640 x 480, ")
    assert text.endswith(" pictures a second")


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (hand_on_the_lens(), "is the lens covered"),
        (street() // 40, "is the lamp on"),
    ],
)
def test_the_installer_reads_what_a_camera_does_not_see(tmp_path: Path, picture, words) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), picture)
    sees, text = describe_camera(FolderCamera(tmp_path, name="eye"), 0.5, time.monotonic, may_repeat=True)
    assert not sees
    assert words in text


@pytest.mark.wide
def test_the_installer_reads_that_a_picture_does_not_change() -> None:
    scene = CameraScene()
    scene.freeze()
    with RtspTwin(scene.next_frame) as twin:
        sees, text = describe_camera(RtspCamera(twin.address, name="eye"), 6, time.monotonic)
    assert not sees
    assert "does not change" in text


def test_a_camera_that_cannot_be_opened_or_shows_nothing_is_reported(tmp_path: Path) -> None:
    assert describe_camera(FolderCamera(tmp_path / "none", name="eye"), 1, time.monotonic)[0] is False
    sees, text = describe_camera(FolderCamera(tmp_path, name="eye"), 1, time.monotonic)
    assert (sees, text.partition(":")[0]) == (False, "opened, and no picture comes")


def test_pictures_of_two_sizes_are_both_named(tmp_path: Path) -> None:
    for number, size in enumerate([(480, 640, 3), (240, 320, 3)]):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.resize(street(), size))
    _, text = describe_camera(
        FolderCamera(tmp_path, name="eye", order="cycled", frames_per_second=20),
        0.5,
        time.monotonic,
        may_repeat=True,
    )
    assert "320 x 240 and 640 x 480" in text
