"""What is done in one cell shows in no log line, open page, job or backup of another."""

import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

import menjin
from tests.served.served_cells import ServedCell, ServedCells, make_cell, serve_cells
from tests.served.served_compound import LONGEST_ANSWER_SECONDS, ServedCompound
from tests.served.signed_gate import SignedGate, signed_gate
from tests.support.gates.waiting import until
from web_admin.alarms.actions import raise_alarm
from web_admin.compound.models import Person
from web_admin.core.database import current_menjin
from web_admin.core.job_models import LongJob
from web_admin.operations.backup import read_frames, read_preface
from web_admin.operations.jobs import put_job
from web_admin.web.live_watch import mark_of

pytestmark = pytest.mark.wide
PASSPHRASE = "an invented passphrase of the backups"


@pytest.fixture
def cells(database_url: str, another_database: str, tmp_path: Path) -> Iterator[ServedCells]:
    """Return two cells of one process, on both databases."""
    folder, on_server = tmp_path / "cells", not database_url.startswith("sqlite")
    urls = (database_url, another_database) if on_server else ("", "")
    made = [make_cell(folder, name, url) for name, url in zip(("willow", "elm"), urls, strict=True)]
    with serve_cells(folder, made, tmp_path / "server.log") as served:
        yield served


def gate_of(cell: ServedCell) -> SignedGate:
    """Return a paired gate that names the cell's host in each request."""
    gate = signed_gate(ServedCompound(cell.address, cell.compound, Path(), None))  # type: ignore[arg-type]  # no process
    gate.host = cell.host
    return gate


def people_of(cell: ServedCell) -> set[str]:
    """Return the ids of a cell's people."""
    with cell.compound.app.app_context(), current_menjin().database.open_reading() as session:
        return set(session.scalars(select(Person.person_id)))


def lines(served: ServedCells) -> list[dict[str, str]]:
    """Return what the server has logged."""
    return [json.loads(line) for line in served.log_text().splitlines() if line.startswith("{")]


def test_what_a_gate_reports_is_logged_for_its_own_cell_alone(cells: ServedCells) -> None:
    """Both have a gate of one name: only the cell tells them apart."""
    for name, kind in (("willow", "alarm_door_forced"), ("elm", "alarm_door_held")):
        gate = gate_of(cells.cells[name])
        gate.writes(kind, {"lane_id": "north-in"}, {})
        gate.sends()
    said = {
        (line.get("cell"), line["event"])
        for line in lines(cells)
        if line.get("event") in ("alarm_door_forced", "alarm_door_held")
    }
    assert said == {("willow", "alarm_door_forced"), ("elm", "alarm_door_held")}


class Stream:
    """The open page of a member of staff: what comes of its stream."""

    def __init__(self, cell: ServedCell) -> None:
        self.cell, manager, at = cell, cell.signed_in(), urlsplit(cell.address)
        cookies = "; ".join(f"{name}={value}" for name, value in manager.cookies.items())
        self.socket = socket.create_connection((at.hostname, at.port), timeout=LONGEST_ANSWER_SECONDS)
        self.socket.sendall(
            f"GET /manage/live/ HTTP/1.1\r\nHost: {cell.host}\r\nCookie: {cookies}\r\n\r\n".encode()
        )
        self.lines = self.socket.makefile("rb")
        assert b" 200 " in self.lines.readline()

    def next(self) -> str:
        return next(line for line in self.lines if line.startswith(b"data: "))[6:].decode().strip()

    def close(self) -> None:
        """Leave the page."""
        self.lines.close()
        self.socket.close()


def mark(cell: ServedCell) -> str:
    """Return what a cell's stream says of it as it is now."""
    with cell.compound.app.app_context():
        return mark_of(current_menjin())


def rings(cell: ServedCell, kind: str) -> None:
    """Raise an alarm in a cell, as another process would."""
    with cell.compound.app.app_context(), current_menjin().database.session() as session:
        raise_alarm(session, cell.compound.site_id, kind, datetime.now(UTC), gate_id="north")


def test_an_alarm_of_one_cell_moves_no_open_page_of_another(cells: ServedCells) -> None:
    willow, elm = cells.cells["willow"], cells.cells["elm"]
    of_willow, of_elm = Stream(willow), Stream(elm)
    assert (of_willow.next(), of_elm.next()) == (mark(willow), before := mark(elm))
    for kind in ("alarm_door_forced", "alarm_door_held"):
        rings(willow, kind)
        assert of_willow.next() == mark(willow)
    rings(elm, "alarm_door_forced")
    assert of_elm.next() == mark(elm) != before
    for stream in (of_willow, of_elm):
        stream.close()


def job_state(cell: ServedCell, job_id: str) -> str:
    """Return how far a job is."""
    with cell.compound.app.app_context(), current_menjin().database.session() as session:
        return session.get_one(LongJob, job_id).state


def test_a_job_runs_in_its_own_cell_and_another_cannot_read_it(cells: ServedCells) -> None:
    willow, elm = cells.cells["willow"], cells.cells["elm"]
    with willow.compound.app.app_context(), current_menjin().database.session() as session:
        job_id = put_job(
            session,
            current_menjin().sealer,
            willow.compound.site_id,
            kind="import_people",
            author_id="manager-1",
            payload=b"no sheet",
            total=1,
            now=datetime.now(UTC),
        )
        sealed = session.get_one(LongJob, job_id).payload_sealed
    of_elm, page = elm.signed_in(), f"/manage/people/import/jobs/{job_id}"
    assert of_elm.get(page).status_code == 404
    assert job_state(willow, job_id) == "waiting"
    with elm.compound.app.app_context(), current_menjin().database.session() as session:
        session.add(
            LongJob(
                job_id=job_id,
                site_id=elm.compound.site_id,
                kind="import_people",
                author_id="manager-1",
                total=1,
                payload_sealed=sealed,
                created_at=datetime.now(UTC),
            )
        )
    before = people_of(elm)
    assert of_elm.get(page).status_code == 200
    until(lambda: job_state(elm, job_id) == "failed")
    said = [line for line in lines(cells) if job_id in json.dumps(line)]
    assert {line.get("cell") for line in said} == {"elm"}
    assert any("cannot be read with the keys of this server" in json.dumps(line) for line in said)
    assert (job_state(willow, job_id), people_of(elm)) == ("waiting", before)


def test_a_backup_of_one_cell_holds_no_person_and_no_key_of_another(
    cells: ServedCells, tmp_path: Path
) -> None:
    passphrase, kept = tmp_path / "passphrase", tmp_path / "backups"
    passphrase.write_text(PASSPHRASE)
    passphrase.chmod(0o600)
    kept.mkdir()
    found: dict[str, bytes] = {}
    for name, cell in cells.cells.items():
        with cell.compound.act() as act:
            act.session.scalars(select(Person).limit(1)).one().display_name = f"{name} canary"
        file = kept / f"{name}.menjin"
        assert (
            menjin.main(
                [
                    "web",
                    "backup",
                    str(file),
                    "--data-dir",
                    str(cell.folder),
                    "--passphrase-file",
                    str(passphrase),
                ]
            )
            == 0
        )
        with file.open("rb") as backup:
            found[name] = b"".join(read_frames(backup, PASSPHRASE))
    assert {
        name: {other for other in found if f"{other} canary".encode() in frames}
        for name, frames in found.items()
    } == {"willow": {"willow"}, "elm": {"elm"}}
    willows, elms = (read_preface(PASSPHRASE, kept / f"{name}.menjin").secrets for name in ("willow", "elm"))
    assert not set(willows.values()) & set(elms.values())
