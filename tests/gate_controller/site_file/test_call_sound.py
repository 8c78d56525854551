"""The table of sound without a screen: where it may be, and what it needs."""

from pathlib import Path

import pytest

from gate_controller.site_file.call_sound import CallSoundSection, wrong_call_sound
from gate_controller.site_file.config import ConfigRefused
from gate_controller.site_file.load import load_config

SITE = """
[gate]
data_dir = "/tmp/data"
secrets_dir = "/tmp/secrets"
server_url = "https://gate.example.org"

[relay.board]
kind = "usb_relay"
port = "/dev/serial/by-id/relay"

[lane.north-in]
relay = "board"
lock = "fail_secure_strike"
contact = "no"

[call_sound.north]
lane = "north-in"
microphone = "plughw:CARD=Phone"
loudspeaker = "default"
"""


def loaded(folder: Path, text: str) -> CallSoundSection:
    path = folder / "site.toml"
    path.write_text(text, encoding="utf-8")
    return load_config(path).call_sound["north"]


def section(lane: str = "north-in", **more: bool) -> CallSoundSection:
    return CallSoundSection(lane=lane, microphone="default", loudspeaker="default", **more)


def test_devices_are_named_as_alsa_names_them_and_no_picture_is_sent_unless_it_is_asked_for(
    tmp_path: Path,
) -> None:
    read = loaded(tmp_path, SITE)
    assert (read.microphone, read.loudspeaker) == ("plughw:CARD=Phone", "default")
    assert (read.picture, read.cancels_echo) == (False, False)


@pytest.mark.parametrize("device", ["", "-D", "two words", "/dev/snd/pcm"])
def test_what_is_no_name_of_a_device_is_refused_at_its_line(tmp_path: Path, device: str) -> None:
    with pytest.raises(ConfigRefused, match=r"line 18: call_sound\.north\.microphone"):
        loaded(tmp_path, SITE.replace("plughw:CARD=Phone", device))


def test_a_lane_that_is_not_in_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigRefused, match=r"call_sound\.north\.lane"):
        loaded(tmp_path, SITE.replace('lane = "north-in"', 'lane = "south"'))


def test_a_picture_without_a_camera_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigRefused, match=r"call_sound\.north\.picture: lane north-in has no camera"):
        loaded(tmp_path, SITE + "picture = true\n")


def test_a_lane_has_its_sound_at_one_place() -> None:
    assert wrong_call_sound({"a": section()}, {}, ()) is None
    assert wrong_call_sound({"a": section(picture=True)}, {}, {"north-in"}) is None
    at_screen = wrong_call_sound({"a": section()}, {"north-in": "screen"}, ())
    assert at_screen == (
        ["call_sound", "a", "lane"],
        "this lane has it at its screen: terminal.screen.call_sound = true",
    )
    twice = wrong_call_sound({"a": section(), "b": section()}, {}, ())
    assert twice == (["call_sound", "b", "lane"], "this lane has it in call_sound.a already")
