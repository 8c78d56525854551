"""What a lane sheet may say: every rule refuses or warns on its own, and names itself."""

import re
import tomllib
from datetime import date, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_controller.contract.lane_sheet import SHEET_RULES, LaneFacts, LaneSheet, check_sheet, must_findings

TODAY = date(2026, 11, 25)
SEEN = {
    "camera_location": "lobby",
    "camera_view": "the door, nothing beside it",
    "camera_sign_photo": "binder 1",
    "camera_sign_date": TODAY,
}
GOOD = LaneSheet(
    lock="fail_safe_magnet",
    fails="safe",
    on_escape_route=True,
    free_exit="sensor_and_button",
    fire_release="wired_to_lock_power",
    manual_release=True,
    exit_sign_photo="binder 1",
    exit_sign_date=TODAY,
    reader_heights_mm=(1400, 1000),
    opening_width_mm=815,
    is_accessible_lane=True,
    emergency_access="key box",
    last_drill=TODAY - timedelta(days=92),
    **SEEN,
)
STRIKE = {
    "lock": "fail_secure_strike",
    "fails": "secure",
    "free_exit": "handle",
    "fire_release": "mechanical",
}
TURNSTILE = {"lock": "turnstile", "fails": "secure", "free_exit": "button_cuts_power"}
OPEN_SQUARE = {"on_escape_route": False, "fails": "secure"}

MUST = [
    ({"lock": None}, "lock_not_said", "P5"),
    ({"fails": None}, "fails_not_said", "P5"),
    ({"fails": "secure"}, "magnet_fails_safe", "P5"),
    ({**STRIKE, "fails": "safe"}, "strike_fails_secure", "P5"),
    ({"on_escape_route": None}, "escape_not_said", "P2"),
    ({"free_exit": "none"}, "escape_no_free_exit", "P2"),
    ({"free_exit": "handle"}, "escape_magnet_handle", "P4"),
    ({"fire_release": "none"}, "escape_no_fire_release", "P1"),
    ({"fire_release": "mechanical"}, "escape_magnet_fire", "P4"),
    ({"manual_release": False}, "escape_no_manual_release", "P3"),
    ({**STRIKE, "free_exit": "button_cuts_power"}, "escape_fail_secure", "P5"),
    (TURNSTILE, "escape_turnstile", "P7"),
    ({"lock": "pulse_motor"}, "drive_no_safety_input", "P9"),
    ({"lock": "barrier"}, "drive_no_safety_input", "P9"),
    ({"camera_location": None}, "camera_not_placed", "B9"),
    ({"camera_location": "private"}, "camera_private", "B9"),
    ({"camera_view": " "}, "camera_no_view", "B9"),
    ({"camera_sign_photo": ""}, "camera_no_sign", "B9"),
    ({"camera_sign_date": None}, "camera_no_sign_date", "B9"),
]
WARNED = [
    ({"free_exit": "button_cuts_power"}, "magnet_no_sensor", "P4"),
    ({"exit_sign_photo": ""}, "no_exit_sign", "P2"),
    ({"exit_sign_date": None}, "no_exit_sign", "P2"),
    ({**TURNSTILE, **OPEN_SQUARE}, "turnstile_locks", "P7"),
    ({"emergency_access": ""}, "no_emergency_access", "P11"),
    ({"reader_heights_mm": ()}, "no_heights", "A6"),
    ({"reader_heights_mm": (1221, 1400)}, "reader_too_high", "A6"),
    ({"reader_heights_mm": (379,)}, "reader_too_low", "A6"),
    ({"opening_width_mm": None}, "no_width", "A7"),
    ({"opening_width_mm": 814}, "too_narrow", "A7"),
    ({"last_drill": None}, "no_drill", "P12"),
    ({"last_drill": TODAY - timedelta(days=93)}, "drill_old", "P12"),
    ({"camera_sign_date": TODAY + timedelta(days=1)}, "date_ahead", "P12"),
]


def codes(findings):
    return [finding.code for finding in findings]


def changed(change):
    return msgspec.structs.replace(GOOD, **change)


def test_a_whole_sheet_has_no_findings():
    assert check_sheet(GOOD, LaneFacts(has_camera=True), TODAY) == ()


@pytest.mark.parametrize(("change", "code", "rule"), MUST)
def test_each_rule_that_guards_people_refuses_the_lane_and_names_itself(change, code, rule):
    findings = must_findings(changed(change), LaneFacts(has_camera=True))
    assert codes(findings) == [code]
    assert findings[0].text.endswith(f" (rule {rule})")
    assert findings[0].key in LaneSheet.__struct_fields__


@pytest.mark.parametrize(("change", "code", "rule"), WARNED)
def test_each_measure_that_is_missing_or_off_warns_and_refuses_nothing(change, code, rule):
    sheet = changed(change)
    assert must_findings(sheet, LaneFacts(has_camera=True)) == ()
    findings = check_sheet(sheet, LaneFacts(has_camera=True), TODAY)
    assert [(f.code, f.must, f.rule) for f in findings] == [(code, False, rule)]
    assert "%" not in findings[0].text


def test_the_gate_says_when_its_lane_is_narrow_or_offers_less_than_its_neighbours():
    alone = changed({"is_accessible_lane": False})
    assert codes(check_sheet(alone, LaneFacts(other_accessible_lane=False), TODAY)) == ["no_accessible_lane"]
    assert check_sheet(alone, LaneFacts(other_accessible_lane=True), TODAY) == ()
    lacks = check_sheet(GOOD, LaneFacts(missing_methods=("pin", "qr")), TODAY)
    assert codes(lacks) == ["accessible_lacks_ways"]
    assert "pin, qr" in lacks[0].text


def test_a_way_out_needs_no_emergency_access():
    sheet = changed({"emergency_access": ""})
    assert check_sheet(sheet, LaneFacts(direction="out"), TODAY) == ()


def test_a_lane_without_camera_needs_no_sign():
    no_camera = changed(
        {"camera_location": None, "camera_view": "", "camera_sign_photo": "", "camera_sign_date": None}
    )
    assert must_findings(no_camera, LaneFacts()) == ()
    assert codes(must_findings(no_camera, LaneFacts(has_camera=True))) == [
        "camera_not_placed",
        "camera_no_view",
        "camera_no_sign",
        "camera_no_sign_date",
    ]


def test_a_sheet_may_not_speak_of_another_lock_than_the_lane():
    findings = must_findings(GOOD, LaneFacts(lock="fail_secure_strike"))
    assert codes(findings) == ["lock_differs", "strike_fails_secure"]
    assert must_findings(changed({"lock": None}), LaneFacts(lock="fail_safe_magnet")) == ()


def test_a_delayed_exit_cannot_even_be_expressed():
    with pytest.raises(msgspec.ValidationError, match="delayed"):
        msgspec.convert({"free_exit": "delayed"}, LaneSheet)
    assert not [name for name in LaneSheet.__struct_fields__ if "delay" in name]


def test_every_rule_is_shown_to_fail_here():
    shown = {code for _change, code, _rule in (*MUST, *WARNED)}
    assert shown | {"lock_differs", "no_accessible_lane", "accessible_lacks_ways"} == SHEET_RULES.keys()


SHEETS = st.builds(
    LaneSheet,
    lock=st.sampled_from([None, "fail_secure_strike", "fail_safe_magnet", "barrier", "turnstile"]),
    fails=st.sampled_from([None, "safe", "secure"]),
    on_escape_route=st.sampled_from([None, True, False]),
    free_exit=st.sampled_from(["handle", "button_cuts_power", "sensor_and_button", "none"]),
    fire_release=st.sampled_from(["wired_to_lock_power", "mechanical", "none"]),
    manual_release=st.booleans(),
    safety_input=st.sampled_from(["photocell", "none"]),
    camera_location=st.sampled_from([None, "lobby", "private"]),
    camera_view=st.sampled_from(["", "door"]),
    camera_sign_photo=st.sampled_from(["", "binder"]),
    camera_sign_date=st.sampled_from([None, TODAY]),
    last_drill=st.none() | st.dates(),
)


@given(sheet=SHEETS, has_camera=st.booleans(), day=st.dates())
def test_no_sheet_that_locks_people_in_or_films_in_private_passes_on_any_day(sheet, has_camera, day):
    passes = not must_findings(sheet, LaneFacts(has_camera=has_camera))
    traps = sheet.on_escape_route is not False and (
        sheet.free_exit == "none"
        or sheet.fire_release == "none"
        or not sheet.manual_release
        or (sheet.fails == "secure" and sheet.free_exit != "handle")
        or (sheet.lock == "fail_safe_magnet" and sheet.free_exit == "handle")
    )
    films = sheet.camera_location == "private" or (
        has_camera
        and not (
            sheet.camera_location and sheet.camera_view and sheet.camera_sign_photo and sheet.camera_sign_date
        )
    )
    assert not (passes and (traps or films))
    assert passes == (not any(f.must for f in check_sheet(sheet, LaneFacts(has_camera=has_camera), day)))
    assert msgspec.json.decode(msgspec.json.encode(sheet), type=LaneSheet) == sheet


def test_every_sentence_reads_as_a_sentence():
    for rule in SHEET_RULES.values():
        assert re.fullmatch(r"[A-Z].*\.", rule.sentence), rule


def test_the_installers_page_names_every_key_and_rule_and_its_example_keeps_them_all():
    page = (Path(__file__).parents[3] / "docs/lane_sheet.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == set(LaneSheet.__struct_fields__)
    rules = {rule.rule for rule in SHEET_RULES.values()}
    assert rules | {"P6"} == set(re.findall(r"^\| ([A-Z]\d+) \|", page, re.MULTILINE))
    [example] = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    sheet = msgspec.convert(tomllib.loads(example)["lane"]["north-in"]["sheet"], LaneSheet)
    assert check_sheet(sheet, LaneFacts(lock="fail_safe_magnet", has_camera=True), date(2026, 7, 2)) == ()
