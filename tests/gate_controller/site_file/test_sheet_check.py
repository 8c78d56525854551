"""A site file whose lane sheet breaks a rule is refused with file, line, lane, rule and what to do."""

from datetime import date
from pathlib import Path

import pytest

from demo.world.lane_sheets import sheet_lines, sheet_of
from gate_controller.site_file.config import ConfigRefused, GateConfig
from gate_controller.site_file.load import load_config
from gate_controller.site_file.sheet_check import sheet_lines as check_lines

TODAY = date(2026, 8, 1)
SITE = """
[gate]
data_dir = "/srv/data"
secrets_dir = "/srv/secrets"
server_url = "https://menjin.example"

[relay.board]
kind = "usb_relay"
port = "/dev/relay"

[lane.north-in]
relay = "board"
lock = "fail_secure_strike"
contact = "no"
"""
SHEET = "\n".join(sheet_lines("north-in", sheet_of("north-in", "fail_secure_strike", camera=True))) + "\n"
CAMERA = '[camera.eye]\nkind = "folder"\nsource = "/pictures"\nlane = "north-in"\n'
FREE_EXIT = 'free_exit = "handle"\n'


def load(folder: Path, text: str) -> GateConfig:
    path = folder / "site.toml"
    path.write_text(text)
    return load_config(path)


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(ConfigRefused) as refused:
        load(folder, text)
    return str(refused.value)


def line_number(text: str, line: str) -> int:
    return text.splitlines().index(line) + 1


def test_a_lane_with_a_whole_sheet_and_a_camera_loads(tmp_path):
    sheet = load(tmp_path, SITE + SHEET + CAMERA).lane["north-in"].sheet
    assert sheet == sheet_of("north-in", "fail_secure_strike", camera=True)


def test_a_lane_without_camera_and_sheet_loads_and_the_check_asks_for_one(tmp_path):
    config = load(tmp_path, SITE)
    [(ok, text)] = check_lines(config.lane, config.camera.values(), TODAY)
    assert not ok
    assert text.startswith("lane north-in: sheet: warning: there is none: ")
    assert "[lane.north-in.sheet]" in text
    seen = load(tmp_path, SITE + SHEET + CAMERA).camera.values()
    [(ok, text)] = check_lines(config.lane, seen, TODAY)
    assert not ok
    assert text.startswith("lane north-in: sheet: there is none: ")


def test_an_escape_route_without_free_exit_is_refused(tmp_path):
    text = SITE + SHEET.replace(FREE_EXIT, 'free_exit = "none"\n')
    said = refusal(tmp_path, text)
    line = line_number(text, 'free_exit = "none"')
    assert said.startswith(f"{tmp_path / 'site.toml'}, line {line}: lane.north-in.sheet.free_exit: An escape")
    assert "(rule P2)" in said
    assert "Fit a handle" in said


def test_a_camera_without_sheet_is_refused(tmp_path):
    text = SITE + CAMERA
    said = refusal(tmp_path, text)
    assert f"line {line_number(text, '[lane.north-in]')}: lane.north-in: a camera looks at this lane" in said
    assert "where the camera hangs, what it sees" in said


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('camera_location = "gate_outside"', 'camera_location = "private"', "(rule B9)"),
        ('camera_location = "gate_outside"\n', "", "sheet.camera_location: Say where"),
        ('camera_sign_photo = "binder 1, north-in, camera"\n', "", "sheet.camera_sign_photo: Put up a sign"),
        ("camera_sign_date = 2026-07-01\n", "", "(rule B9)"),
        ('lock = "fail_secure_strike"\nf', 'lock = "fail_safe_magnet"\nf', "sheet.lock: The sheet says"),
        ('fails = "secure"', 'fails = "safe"', "(rule P5)"),
        ("manual_release = true", "manual_release = false", "(rule P3)"),
        ('fire_release = "mechanical"', 'fire_release = "none"', "(rule P1)"),
    ],
)
def test_each_broken_rule_is_named_with_its_key(tmp_path, old, new, words):
    assert old in SHEET
    assert words in refusal(tmp_path, SITE + SHEET.replace(old, new) + CAMERA)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            FREE_EXIT,
            'free_exit = "delayed"\n',
            "lane.north-in.sheet.free_exit: 'delayed' is not legal; legal values: 'handle', "
            "'button_cuts_power', 'sensor_and_button', 'none'",
        ),
        (
            FREE_EXIT,
            FREE_EXIT + 'free_exits = "handle"\n',
            "sheet.free_exits: there is no such key; legal keys: lock",
        ),
        ('fails = "secure"', 'fails = "open"', "'open' is not legal; legal values: 'safe', 'secure'"),
        ("opening_width_mm = 950", "opening_width_mm = 0", "lane.north-in.sheet.opening_width_mm: Expected"),
        ("last_drill = 2026-07-01", 'last_drill = "soon"', "lane.north-in.sheet.last_drill: Invalid"),
    ],
)
def test_what_a_sheet_cannot_say_is_refused_with_line_and_legal_values(tmp_path, old, new, words):
    text = SITE + SHEET.replace(old, new)
    said = refusal(tmp_path, text)
    assert words in said
    assert f"line {line_number(text, new.strip().splitlines()[-1])}: " in said


def test_warnings_are_shown_and_do_not_refuse(tmp_path):
    text = SITE + SHEET.replace("[1100]", "[1400]").replace("width_mm = 950", "width_mm = 700")
    config = load(tmp_path, text)
    lines = list(check_lines(config.lane, config.camera.values(), date(2026, 11, 25)))
    assert [ok for ok, _text in lines] == [False] * 3
    assert [line.rpartition("(")[2] for _ok, line in lines] == ["rule A6)", "rule A7)", "rule P12)"]
    assert all("warning: " in line for _ok, line in lines)


def test_a_whole_sheet_is_summed_up_in_one_line(tmp_path):
    config = load(tmp_path, SITE + SHEET)
    lines = list(check_lines(config.lane, config.camera.values(), TODAY))
    assert lines == [(True, "lane north-in: its sheet keeps every rule")]
