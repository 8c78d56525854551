"""While cells come to the next version, the real Caddy finds each where it is, by the page's lines."""

import subprocess
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from tests.project.pages import code_blocks
from tests.served.asked_cells import answers, gate_of
from tests.served.real_caddy import free_port, has_caddy
from tests.served.served_cells import make_cell, serve_cells
from tests.support.gates.waiting import until

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [
    pytest.mark.wide,
    pytest.mark.skipif(not has_caddy(), reason="sudo apt install caddy"),
]


def test_caddy_leads_each_host_to_the_service_that_has_its_cell(tmp_path: Path) -> None:
    page = textwrap.dedent((ROOT / "docs/fleet.md").read_text(encoding="utf-8").replace("\n   ", "\n"))
    [lines] = code_blocks(page, "caddy")
    (tmp_path / "old").mkdir()
    (tmp_path / "next").mkdir()
    willow, elm = make_cell(tmp_path / "old", "willow"), make_cell(tmp_path / "next", "elm")
    with (
        serve_cells(tmp_path / "old", [willow], tmp_path / "old.log") as old,
        serve_cells(tmp_path / "next", [elm], tmp_path / "next.log") as after,
    ):
        port = free_port()
        lines = lines.replace("127.0.0.1:8001", after.address.removeprefix("http://"))
        lines = lines.replace("127.0.0.1:8000", old.address.removeprefix("http://"))
        (tmp_path / "Caddyfile").write_text(f"{{\nadmin off\n}}\nhttp://:{port} {{\n{lines}}}\n")
        with (tmp_path / "caddy.log").open("wb") as log:
            caddy = subprocess.Popen(
                ["caddy", "run", "--config", str(tmp_path / "Caddyfile"), "--adapter", "caddyfile"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            front = f"http://127.0.0.1:{port}"
            until(lambda: caddy.poll() is not None or _answers(front))
            assert caddy.poll() is None, (tmp_path / "caddy.log").read_text()
            for cell in (replace(willow, address=front), replace(elm, address=front)):
                assert answers(cell) == 200
                gate = gate_of(cell)
                gate.opens("someone", "a-card")
                assert gate.asks().status_code == 200, "a body arrives whole"
                assert gate.sends().status_code == 200
            stranger = requests.get(front, headers={"Host": "maple.example"}, timeout=60)
            assert stranger.status_code == 421
        finally:
            caddy.terminate()
            caddy.wait(60)


def _answers(address: str) -> bool:
    try:
        return requests.get(address, timeout=5).status_code > 0
    except requests.ConnectionError:
        return False
