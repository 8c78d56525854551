"""The table of the telephone in a site file: which numbers may be called."""

from pathlib import Path

import pytest

from gate_controller.site_file.config import ConfigRefused
from gate_controller.site_file.load import load_config
from gate_controller.site_file.telephone import TelephoneSection

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

"""


def site_file(folder: Path, table: str) -> Path:
    path = folder / "site.toml"
    path.write_text(f"{SITE}[telephone]\n{table}\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "number", ["201", "+862812345678", "sip:guard@pbx.example.org", "sip:201@10.0.0.2:5070"]
)
def test_numbers_and_addresses_are_taken(tmp_path: Path, number: str) -> None:
    config = load_config(site_file(tmp_path, f'guard_numbers = ["{number}"]'))
    assert config.telephone is not None
    assert config.telephone.guard_numbers == (number,)


def test_a_table_without_numbers_is_a_telephone_for_homes_alone(tmp_path: Path) -> None:
    assert load_config(site_file(tmp_path, "")).telephone == TelephoneSection()


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ('guard_numbers = ["tel:201"]', "guard_numbers"),
        ('guard_numbers = ["sip:a@b;maddr=evil"]', "guard_numbers"),
        ('guard_numbers = ["sip:a b@c"]', "guard_numbers"),
        ('guard_numbers = ["1"]', "guard_numbers"),
        ('guard_numbers = ["21", "22", "23", "24", "25", "26", "27"]', "guard_numbers"),
        ('guard_numbers = ["201"]\nring_seconds = 1', "ring_seconds"),
        ('guard_numbers = ["201"]\ncontrol_port = 0', "control_port"),
        ('guards = ["201"]', "guards"),
    ],
)
def test_what_cannot_be_called_is_refused_with_its_line_and_key(tmp_path: Path, table: str, key: str) -> None:
    with pytest.raises(ConfigRefused, match=rf"line \d+: telephone\.{key}"):
        load_config(site_file(tmp_path, table))
