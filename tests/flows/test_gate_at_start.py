"""What a gate leaves for its screen and sends to systemd when it starts and while it runs."""

import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from gate_controller.site_file.config import ConfigRefused
from gate_controller.site_file.load import load_config
from tests.support.gates.bench import BenchGate, bench_gate
from tests.support.gates.process import GateProcess

SCREEN = '[terminal.screen]\nlane = "north-in"\nport = 0\nlaunch_token_file = "{folder}/launch_token"\n'


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[BenchGate]:
    with bench_gate(tmp_path, more=SCREEN.format(folder=tmp_path / "run")) as gate:
        yield gate


def test_the_launch_page_leads_to_the_screen_and_its_token_outlives_a_restart(bench: BenchGate) -> None:
    page, token_file = bench.root / "run" / "terminal.html", bench.root / "run" / "launch_token"
    seen = []
    for _ in range(2):
        gate = bench.start()
        address = gate.screens["north-in"].address
        bench.stop()
        token = token_file.read_text(encoding="ascii").strip()
        assert f'url={address}?token={token}"' in page.read_text(encoding="utf-8")
        assert stat.S_IMODE(page.stat().st_mode) & 0o007 == 0
        seen.append(token)
    assert seen[0] == seen[1]


def test_a_launch_page_that_cannot_be_written_takes_no_reader_with_it(bench: BenchGate) -> None:
    (bench.root / "run" / "terminal.html").mkdir(parents=True)
    gate = bench.start()
    lost = gate.controller.status()
    bench.stop()
    assert "screen-north-in" in str(lost)


def test_a_launch_token_file_without_a_token_is_reported(bench: BenchGate) -> None:
    (bench.root / "run").mkdir()
    (bench.root / "run" / "launch_token").write_text("short\n", encoding="ascii")
    with pytest.raises(ConfigRefused, match="holds no launch token; delete it"):
        bench.start()


def test_two_screens_need_a_folder_each(tmp_path: Path) -> None:
    lane = '[lane.second]\nrelay = "board"\nchannel = 2\n'
    second = SCREEN.format(folder=tmp_path).replace("screen]", "second]").replace("north-in", "second")
    with bench_gate(tmp_path, more=SCREEN.format(folder=tmp_path) + lane + second) as gate:
        site = gate.write_site_file()
    with pytest.raises(ConfigRefused, match=r"terminal\.second\.launch_token_file: the folder .* already"):
        load_config(site)


def test_systemd_is_notified_that_the_gate_is_ready_and_alive(
    bench: BenchGate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(30)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        gate = GateProcess.start(bench)
        try:
            heard = [systemd.recv(64) for _ in range(3)]
        finally:
            gate.end()
    assert heard == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]


def test_a_gate_whose_notify_socket_is_gone_goes_on(
    bench: BenchGate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    gate = GateProcess.start(bench)
    still_runs = gate.process.poll() is None
    gate.end()
    assert still_runs
    assert gate.process.returncode == 0
