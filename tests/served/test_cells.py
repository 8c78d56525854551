"""Many compounds on one server: each by its host, each out alone, one moved in and out while gates ask."""

import contextlib
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests
from sqlalchemy import text

import menjin
from tests.served.asked_cells import answers, gate_of
from tests.served.served_cells import CellBrowser, ServedCell, ServedCells, make_cell, serve_cells
from tests.served.served_compound import fill_data_dir, serve_data_dir
from tests.support.gates.waiting import until
from tests.support.warm_start import WarmProcess
from web_admin.cells.folders import MOVING
from web_admin.cells.holds import HELD
from web_admin.core.config import WebConfig
from web_admin.operations.schema import newest_revision


@pytest.fixture
def cells(tmp_path: Path) -> Iterator[ServedCells]:
    """Return a server of two compounds, willow and elm."""
    folder = tmp_path / "cells"
    made = [make_cell(folder, "willow"), make_cell(folder, "elm")]
    with serve_cells(folder, made, tmp_path / "server.log") as served:
        yield served


def run(*arguments: str) -> tuple[int, str]:
    """Run a command; return its status and what it printed."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        status = menjin.main(["web", *arguments])
    return status, out.getvalue()


def test_each_host_is_its_own_compound_and_every_other_gets_one_answer(cells: ServedCells) -> None:
    willow, elm = cells.cells["willow"], cells.cells["elm"]
    manager = willow.signed_in()
    assert manager.get("/manage/").status_code == 200
    assert CellBrowser(cells.address, elm.host, dict(manager.cookies)).get("/manage/").status_code == 302
    others = [
        CellBrowser(cells.address, host).ask(method, path)
        for host in ("maple.example", "willow.example.evil.example", "127.0.0.1", "", "willow")
        for method, path in (("GET", "/"), ("GET", "/manage/"), ("GET", "/metrics"), ("POST", "/sync/ask"))
    ]
    assert {(one.status_code, one.content, tuple(one.headers)) for one in others} == {
        (421, b"No compound is served under this name.\n", tuple(others[0].headers))
    }
    assert CellBrowser(cells.address, "a.monitor.example").get("/livez").text == "ok\n"


def test_the_numbers_of_all_cells_need_their_key_and_a_cells_own_show_no_other(cells: ServedCells) -> None:
    key = "a-key-for-a-monitor-of-this-test"
    (cells.folder / "numbers.key").write_text(key)
    assert answers(cells.cells["willow"]) == 200
    monitor = CellBrowser(cells.address, "127.0.0.1")
    found = monitor.ask("GET", "/metrics", headers={"Authorization": f"Bearer {key}"}).text
    assert 'menjin_cell_open{cell="willow"} 1.0' in found
    assert 'menjin_cell_open{cell="elm"} 0.0' in found
    assert 'menjin_cell_request_duration_seconds_count{cell="willow",status="200"}' in found
    assert monitor.ask("GET", "/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 421


def broken_settings(cell: ServedCell) -> None:
    (cell.folder / "web.toml").write_text("public_url = [")


def lost_key(cell: ServedCell) -> None:
    (cell.folder / "secrets" / "seal.key").unlink()


def other_tables(cell: ServedCell) -> None:
    with cell.compound.app.extensions["menjin"].database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")


def no_database(cell: ServedCell) -> None:
    settings = cell.folder / "web.toml"
    settings.write_text(settings.read_text().replace("menjin.sqlite3", "gone.sqlite3"))


@pytest.mark.parametrize(
    ("harm", "kind"),
    [
        (broken_settings, "settings"),
        (lost_key, "settings"),
        (other_tables, "tables"),
        (no_database, "database"),
    ],
)
def test_a_cell_that_cannot_be_served_is_out_alone_says_why_and_comes_back(cells, harm, kind) -> None:
    willow, elm = cells.cells["willow"], cells.cells["elm"]
    files = (willow.folder / "web.toml", *willow.folder.glob("secrets/*"))
    kept = {path: path.read_bytes() for path in files}
    harm(willow)
    until(lambda: answers(willow) == 503)
    page, gate = willow.browser().get("/"), willow.browser().ask("POST", "/sync/ask", body=b"{}")
    assert "门禁照常工作" in page.text
    assert "The gates go on" in page.text
    assert gate.json()["error"] in ("cell_out", "cell_paused")
    assert answers(elm) == 200
    lines = [json.loads(line) for line in cells.log_text().splitlines() if '"event": "cell_out"' in line]
    assert [(line["cell"], line["kind"]) for line in lines] == [("willow", kind)]
    status, said = run("cells", "check", str(cells.folder))
    assert status == 1
    assert said.startswith("willow")
    assert "1 of 2 cells are out" in said
    for path, content in kept.items():
        path.write_bytes(content)
        path.chmod(0o600)
    with willow.compound.app.extensions["menjin"].database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :one"), {"one": newest_revision()})
    until(lambda: answers(willow) == 200)
    assert run("cells", "check", str(cells.folder)) == (0, "2 cells, none is out.\n")


def test_two_cells_of_one_host_are_both_out_and_a_third_goes_on(cells: ServedCells, tmp_path: Path) -> None:
    willow, elm = cells.cells["willow"], cells.cells["elm"]
    oak = replace(make_cell(cells.folder, "oak"), address=cells.address)
    settings = oak.folder / "web.toml"
    settings.write_text(settings.read_text().replace("oak.example", "Willow.example:444"))
    until(lambda: answers(willow) == 503)
    assert answers(elm) == 200
    _status, said = run("cells", "check", str(cells.folder), "--json")
    assert {one["cell"]: one["out"] for one in map(json.loads, said.splitlines())} == {
        "elm": None,
        "oak": "host_taken",
        "willow": "host_taken",
    }
    settings.write_text(settings.read_text().replace("Willow.example:444", "oak.example"))
    until(lambda: answers(willow) == answers(oak) == 200, lambda: cells.log_text()[-2000:])
    oak.compound.close()


def test_a_folder_that_is_served_is_served_by_no_second_server(cells: ServedCells, tmp_path: Path) -> None:
    assert answers(cells.cells["willow"]) == 200
    alone = ["web", "run", "--data-dir", str(cells.cells["willow"].folder), "--port", "0"]
    refused = WarmProcess(menjin.main, alone, output=tmp_path / "alone.log")
    assert refused.wait(120) == 2
    assert "serves it or works on it; end it first" in (tmp_path / "alone.log").read_text()
    with serve_cells(cells.folder, [], tmp_path / "second.log") as second:
        elsewhere = replace(cells.cells["willow"], address=second.address)
        assert answers(elsewhere) == 503
        assert '"kind": "served_elsewhere"' in second.log_text()
    assert answers(cells.cells["willow"]) == 200


def test_a_compound_moves_into_a_cell_and_back_while_its_gate_asks(
    web_config: WebConfig, tmp_path: Path
) -> None:
    """Before, during and after: nothing is lost, and the gate's key, counter and journal go on."""
    home, folder = tmp_path / "home", tmp_path / "cells"
    home.mkdir()
    folder.mkdir()
    url = web_config.database_url
    config = replace(
        web_config,
        public_url="https://willow.example",
        data_dir=home,
        secrets_dir=home / "secrets",
        database_url=f"sqlite:///{home / 'menjin.sqlite3'}" if url.startswith("sqlite") else url,
    )
    cell = ServedCell("willow", config, fill_data_dir(config))
    with serve_data_dir(config, tmp_path / "home.log") as (address, _process):
        gate = gate_of(replace(cell, address=address))
        gate.opens("someone", "a-card")
        assert gate.asks().status_code == 200
        status, said = run("cells", "adopt", str(home), "--into", str(folder), "--name", "willow")
        assert (status, list(folder.iterdir())) == (2, [])
        assert "End that server first" in said
    with serve_cells(folder, [], tmp_path / "cells.log") as served:
        gate.address = served.address
        assert gate.asks().status_code == 421
        adopt = ("cells", "adopt", str(home), "--into", str(folder), "--name", "willow")
        status, said = run(*adopt, "--dry-run")
        assert (status, (home / "web.toml").exists()) == (0, True), said
        status, said = run(*adopt)
        assert status == 0, said
        until(lambda: gate.asks().status_code == 200)
        gate.sends()
        status, said = run("cells", "release", str(folder / "willow"), "--to", str(home))
        assert status == 2
        assert "hold" in said
        assert run("cells", "hold", str(folder / "willow"))[0] == 0
        assert gate.asks().status_code == 503
        status, said = run("cells", "release", str(folder / "willow"), "--to", str(home))
        assert status == 0, said
        until(lambda: gate.asks().status_code == 421)
    assert not (folder / "willow").exists()
    assert not {HELD, MOVING} & {path.name for path in home.iterdir()}
    with serve_data_dir(config, tmp_path / "again.log") as (address, _process):
        gate.address = address
        gate.opens("someone", "a-card")
        assert gate.asks().status_code == 200
        assert gate.sends().status_code == 200
    cell.compound.close()


def test_a_proxy_that_is_not_trusted_chooses_no_cell(cells: ServedCells) -> None:
    willow, elm = cells.cells["willow"], cells.cells["elm"]
    manager = willow.signed_in()
    forged = manager.ask("GET", "/manage/", headers={"X-Forwarded-Host": elm.host})
    assert forged.status_code == 200
    stranger = CellBrowser(cells.address, "inside").ask("GET", "/", headers={"X-Forwarded-Host": elm.host})
    assert stranger.status_code == 421


def test_what_one_cell_logs_carries_its_name_and_no_line_of_another(cells: ServedCells) -> None:
    willow, elm = cells.cells["willow"], cells.cells["elm"]
    for cell in (willow, elm):
        cell.browser().get("/manage/gates/")
        cell.browser().ask("POST", "/staff/sign-in", {"email": "x"})
    refused = [json.loads(line) for line in cells.log_text().splitlines() if "refused" in line]
    assert {line.get("cell") for line in refused} == {"willow", "elm"}


def test_a_request_of_two_hosts_is_answered_for_neither(cells: ServedCells) -> None:
    answer = requests.request(
        "GET", cells.address + "/", headers={"Host": "willow.example, elm.example"}, timeout=60
    )
    assert answer.status_code == 421
