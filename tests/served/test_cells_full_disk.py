"""A disk of one cell that is full to its last byte: that cell says so, others go on, and it comes back."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.served.served_cells import ServedCell, ServedCells, make_cell, serve_cells
from tests.support.gates.waiting import until
from tests.support.small_disk import fill, make_room, small_disk

pytestmark = pytest.mark.wide


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Return the disk on which the cell willow lies alone."""
    with small_disk(tmp_path / "cells" / "willow", 160) as folder:
        yield folder


@pytest.fixture
def made(disk: Path) -> Iterator[list[ServedCell]]:
    """Return willow on its disk, and elm beside it."""
    cells = [make_cell(disk.parent, "willow"), make_cell(disk.parent, "elm")]
    yield cells
    for cell in cells:
        cell.compound.close()


def status(cell: ServedCell, path: str) -> int:
    return cell.browser().get(path).status_code


def lines_of(served: ServedCells, event: str) -> list[dict[str, str]]:
    """Return the lines of the log with this word for programs."""
    return [json.loads(line) for line in served.log_text().splitlines() if f'"event": "{event}"' in line]


def test_a_disk_that_fills_stops_what_writes_in_that_cell_alone(
    made: list[ServedCell], disk: Path, tmp_path: Path
) -> None:
    with serve_cells(disk.parent, made, tmp_path / "server.log") as served:
        willow, elm = served.cells["willow"], served.cells["elm"]
        until(lambda: status(willow, "/readyz") == status(elm, "/readyz") == 200)
        fill(disk)
        until(lambda: status(willow, "/readyz") == 503)
        assert "disk" in willow.browser().get("/readyz").text
        manager = elm.signed_in()
        manager.get("/manage/homes/")
        assert status(elm, "/readyz") == 200
        assert manager.get("/manage/").status_code == 200
        said = [line for line in served.log_text().splitlines() if "not ready: " in line and "disk" in line]
        assert {json.loads(line)["cell"] for line in said} == {"willow"}
        make_room(disk)
        until(lambda: status(willow, "/readyz") == 200)


def test_a_cell_that_is_opened_on_a_full_disk_is_out_says_so_and_comes_back(
    made: list[ServedCell], disk: Path, tmp_path: Path
) -> None:
    fill(disk)
    with serve_cells(disk.parent, made, tmp_path / "server.log") as served:
        willow, elm = served.cells["willow"], served.cells["elm"]
        assert status(elm, "/healthz") == 200
        page, gate = willow.browser().get("/"), willow.browser().ask("POST", "/sync/ask", body=b"{}")
        assert (page.status_code, gate.status_code) == (503, 503)
        assert "门禁照常工作" in page.text
        assert gate.json()["error"] == "cell_out"
        (line,) = lines_of(served, "cell_out")
        assert (line["cell"], line["kind"]) == ("willow", "disk")
        assert "its disk is full" in json.dumps(line)
        make_room(disk)
        until(lambda: status(willow, "/healthz") == 200)
        assert [line["cell"] for line in lines_of(served, "cell_back")] == ["willow"]
        assert willow.signed_in().get("/manage/").status_code == 200
