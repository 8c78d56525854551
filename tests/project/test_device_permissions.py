"""What the site file can name, the shipped unit lets the gate open, and the rules give to its user."""

import re
import shutil
import subprocess
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tests.project.device_kinds import OF_ONE_KIND, kinds_of_the_site_file

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
UNIT = (DEPLOY / "menjin-gate.service").read_text(encoding="utf-8")
RULES = (DEPLOY / "60-menjin.rules").read_text(encoding="utf-8")
SERIAL = ("ttyUSB0", "ttyACM1", "ttyAMA10", "ttyS0")
INPUT, VIDEO, GPIO = ("event3",), ("video0",), ("gpiochip4",)
NODES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("serial_card", "serial_keypad", "stx_keypad", "stx_sum_keypad", "serial_code"), SERIAL),
    **dict.fromkeys(("tag_reader", "frame_reader", "osdp_reader"), SERIAL),
    **dict.fromkeys(("usb_relay", "modbus_relay", "serial_inputs", "modem_inputs", "modbus_inputs"), SERIAL),
    **dict.fromkeys(("usb_card", "usb_keypad"), INPUT),
    **dict.fromkeys(("gpio_relay", "gpio_inputs"), GPIO),
    "v4l2": VIDEO,
    "rtsp": (),
    "file": (),
    "folder": (),
}
"""By kind of the site file: examples of the device files that such a part may be."""
CLASSES = {
    "ttyUSB": ("tty", "char-ttyUSB", "rw"),
    "ttyACM": ("tty", "char-ttyACM", "rw"),
    "ttyAMA": ("tty", "char-ttyAMA", "rw"),
    "ttyS": ("tty", "char-ttyS", "rw"),
    "event": ("input", "char-input", "r"),
    "video": ("video4linux", "char-video4linux", "rw"),
    "gpiochip": ("gpio", "char-gpiochip", "rw"),
}
"""By name without number: udev's subsystem, the class of /proc/devices, and what the driver does with it."""
MODULES = {"ttyUSB": "usbserial", "ttyACM": "cdc_acm", "video": "videodev"}
"""What may be loaded only when the first of its devices is plugged in."""
DEFAULT_GROUPS = {"input": "input"}
"""Groups that systemd's own rules give, for what has no rule of ours that applies as shipped."""
NODES_USED = sorted({node for nodes in NODES.values() for node in nodes})


def class_of(node: str) -> tuple[str, str, str]:
    return CLASSES[node.rstrip("0123456789")]


def group_of(node: str, rules: str) -> str:
    """Return the group that the last fitting rule gives a device file, or systemd's own."""
    subsystem, _, _ = class_of(node)
    group = DEFAULT_GROUPS.get(subsystem, "")
    for line in rules.splitlines():
        wanted = dict(re.findall(r'\b(SUBSYSTEM|KERNEL)=="([^"]+)"', line) if line[:1] != "#" else ())
        given = re.search(r'\bGROUP:?="([^"]+)"', line)
        patterns = wanted.get("KERNEL", "").split("|")
        if given and wanted.get("SUBSYSTEM") == subsystem and any(fnmatchcase(node, p) for p in patterns):
            group = given[1]
    return group


def groups_of_the_unit(unit: str) -> set[str]:
    words = re.findall(r"^(?:Group|SupplementaryGroups)=(.*)$", unit, re.MULTILINE)
    return {group for line in words for group in line.split()}


def test_every_kind_of_the_site_file_says_which_device_files_it_is() -> None:
    assert set(NODES) == kinds_of_the_site_file() | OF_ONE_KIND


@pytest.mark.parametrize("node", NODES_USED)
def test_the_unit_lets_the_gate_open_it_and_the_rules_give_it_to_a_group_of_the_gate(node: str) -> None:
    _, device_class, access = class_of(node)
    assert "\nDevicePolicy=closed\n" in UNIT
    assert f"\nDeviceAllow={device_class} {access}\n" in UNIT
    assert group_of(node, RULES) in groups_of_the_unit(UNIT)


@pytest.mark.parametrize(("node", "module"), MODULES.items())
def test_a_device_plugged_in_after_the_start_has_its_class_allowed_already(node: str, module: str) -> None:
    assert class_of(node)
    for key in ("Wants", "After"):
        assert re.search(rf"^{key}=.*\bmodprobe@{module}\.service\b", UNIT, re.MULTILINE)


def test_the_groups_of_a_distribution_that_come_later_do_not_take_the_chips_back() -> None:
    (line,) = (line for line in RULES.splitlines() if "gpiochip" in line)
    assert 'GROUP:="menjin-devices"' in line
    assert 'MODE:="0660"' in line


def test_a_check_in_the_units_place_has_the_units_groups() -> None:
    page = (DEPLOY / "raspberry_pi.md").read_text(encoding="utf-8")
    (groups,) = re.findall(r'-p SupplementaryGroups="([^"]+)"', page)
    (own,) = re.findall(r"^SupplementaryGroups=(.*)$", UNIT, re.MULTILINE)
    (user,) = re.findall(r"systemd-run .*-p User=(\w+)", page)
    assert (groups, f"\nUser={user}\n" in UNIT) == (own, True)


def test_the_rules_pass_udevs_own_check() -> None:
    udevadm = shutil.which("udevadm")
    if udevadm is None:
        pytest.skip("udevadm is not on this machine")
    done = subprocess.run(
        [udevadm, "verify", "--resolve-names=never", "--no-summary", str(DEPLOY / "60-menjin.rules")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout + done.stderr, done.returncode) == ("", 0)


def test_the_screens_user_shares_no_group_with_a_reader_a_relay_or_a_camera() -> None:
    kiosk = groups_of_the_unit((DEPLOY / "menjin-terminal-kiosk.service").read_text(encoding="utf-8"))
    ours = [node for node in NODES_USED if not node.startswith("event")]
    assert {node: group_of(node, RULES) for node in ours if group_of(node, RULES) in kiosk} == {}
