"""A stock machine becomes a paired gate by the folder that the server wrote: real server, real gate, ptys."""

import re
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gate_controller.contract.lane_sheet import LaneSheet
from gate_controller.site_file.load import load_config
from gate_controller.updates.fetch import machine_tag
from hardware.readers.cards import CardFormat
from hardware.simulated.readers import LineCardReader
from hardware.simulated.relay_board import RelayBoard
from tests.served.served_compound import ServedCompound
from tests.support.gates.versions import CHECKOUT, make_wheel, wheel_of_installed
from tests.support.gates.waiting import until
from web_admin.cli.main import run as menjin_web
from web_admin.compound.models import Gate
from web_admin.core.database import current_menjin
from web_admin.gates.orders import approve_pairing
from web_admin.gates.queries import pairings_of_gate

sys.path.insert(0, str(CHECKOUT / "deploy" / "updates"))
import sign

LIN = 4_200_000
DEVICES = """
[relay.board]
kind = "usb_relay"
port = "{dev}/relay"

[lane.north-in]
relay = "board"
lock = "fail_secure_strike"
contact = "no"

[reader.card]
kind = "serial_card"
port = "{dev}/card"
lane = "north-in"
bits = 34
"""


@pytest.fixture
def folder(served: ServedCompound, tmp_path: Path) -> Path:
    """What `menjin web gate-card` wrote for the gate north, after a release was added by command."""
    wheels = tmp_path / "wheels"
    make_wheel(wheels, "0.2.0")
    wheel_of_installed(wheels, "installer")
    keys, release = tmp_path / "keys", tmp_path / "release"
    sign.make_keys(keys, datetime.now(UTC))
    sign.add_version(release, keys, "0.2.0", wheels, machine_tag(), datetime.now(UTC))
    with served.compound.app.app_context():
        data_dir = str(current_menjin().config.data_dir)
    added = ["updates", "add", str(release), "--root", str(keys / "root.json"), "--data-dir", data_dir]
    assert menjin_web(added) == 0
    devices = tmp_path / "devices.toml"
    (tmp_path / "dev").mkdir()
    devices.write_text(DEVICES.format(dev=tmp_path / "dev"))
    with served.compound.act() as act:
        act.session.get_one(Gate, "north").state = "new"
    written = [
        "gate-card",
        "north",
        str(tmp_path / "card"),
        "--devices",
        str(devices),
        "--machine",
        machine_tag(),
        "--no-battery-clock",
        "--data-dir",
        data_dir,
    ]
    assert menjin_web(written) == 0
    said = (tmp_path / "card" / "menjin" / "gate.json").read_text()
    # The test's server is not at its public address.
    (tmp_path / "card" / "menjin" / "gate.json").write_text(
        re.sub(r'"server_url": "[^"]*"', f'"server_url": "{served.address}"', said)
    )
    return tmp_path / "card"


@pytest.mark.wide
def test_a_stock_machine_becomes_a_gate_that_opens(
    served: ServedCompound, folder: Path, tmp_path: Path
) -> None:
    command = re.search(r"\[(python3, .*)\]", (folder / "user-data").read_text())
    assert command is not None
    words = [word.strip() for word in command[1].split(",")]
    assert [Path(word).name for word in words] == ["python3", "first_boot.py", "menjin"]
    machine = tmp_path / "machine"
    # As on a stock machine: Python, and no package beside it.
    booted = [sys.executable, "-I", "-S", folder / "menjin" / "first_boot.py", folder / "menjin"]
    for _twice in range(2):
        done = subprocess.run(
            [*booted, "--under", machine], capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, done.stderr
    pair, run = (_command_of(machine, unit) for unit in ("menjin-gate-pair.service", "launched.conf"))
    with (
        RelayBoard(tmp_path / "dev" / "relay", name="relay") as relay,
        LineCardReader(tmp_path / "dev" / "card", CardFormat(34, "hex"), name="card") as card,
    ):
        _is_paired(served, pair)
        site_file = machine / "etc/menjin/site.toml"
        sheet = load_config(site_file).lane["north-in"].sheet
        assert isinstance(sheet, LaneSheet), "as the office has it; the site file has none"
        assert "sheet" not in site_file.read_text()
        with subprocess.Popen(run) as gate:
            try:
                until(lambda: _north(served).have_version > 0 and relay.changes, gate.poll)
                card.tap(LIN)
                until(lambda: any(change.on for change in relay.changes))
                until(lambda: _north(served).update_step == "kept")
            finally:
                gate.terminate()
        assert _north(served).program == "0.2.0"


def _command_of(machine: Path, unit: str) -> list[str]:
    """Return what a unit runs, with its paths below the folder that plays the machine."""
    path = next((machine / "etc/systemd/system").rglob(unit))
    lines = [line for line in path.read_text().splitlines() if re.match(r"ExecStart=.", line)]
    python, *words = shlex.split(lines[-1].partition("=")[2])
    assert python == "/usr/bin/python3"
    return [sys.executable, *(str(machine / w.lstrip("/")) if w.startswith("/") else w for w in words)]


def _is_paired(served: ServedCompound, command: list[str]) -> None:
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as pairing:
        assert pairing.stdout is not None
        whose, _hint, said = (pairing.stdout.readline() for _line in range(3))
        assert "Willow Court" in whose
        phrase = "".join(said.partition(": ")[2].split())
        with served.compound.act() as act:
            (attempt,) = pairings_of_gate(act.session, "north", ("waiting",))
            assert attempt.phrase == phrase
            approve_pairing(act, attempt.pair_id)
        rest, _ = pairing.communicate(timeout=120)
    assert pairing.returncode == 0, said + rest
    assert "From the office: lanes north-in" in rest


def _north(served: ServedCompound) -> Gate:
    with served.compound.act() as act:
        gate = act.session.get_one(Gate, "north")
        act.session.expunge(gate)
        return gate
