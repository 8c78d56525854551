"""A call in one compound of several on a server: it rings there alone, over a real socket."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import func, select

from gate_controller.contract.calls import CALLS_PATH, CallReport, CallState
from tests.served.asked_cells import gate_of
from tests.served.served_cells import ServedCell, ServedCells, make_cell, serve_cells
from web_admin.calls.live import answer, open_gate, ringing_for
from web_admin.calls.models import HomeCall, HomeCallWishes
from web_admin.compound.models import Person

HOME, WHO = "31203", "王芳"
KEY = X25519PrivateKey.generate().public_key().public_bytes_raw()
REPORT = CallReport(call_id="one", lane_id="north-in", home=HOME, sealing_public_key=KEY)


@pytest.fixture
def cells(tmp_path: Path) -> Iterator[ServedCells]:
    """Return a server of two compounds whose homes of one number take calls."""
    folder = tmp_path / "cells"
    made = [make_cell(folder, "willow"), make_cell(folder, "elm")]
    for cell in made:
        with cell.compound.act() as act:
            person = act.session.get_one(Person, cell.compound.persons[WHO])
            act.session.add(
                HomeCallWishes(
                    home_id=person.home_id,
                    site_id=act.site_id,
                    takes_calls=True,
                    changed_at=act.now,
                    changed_by=person.person_id,
                )
            )
    with serve_cells(folder, made, tmp_path / "server.log") as served:
        yield served


def rings(cell: ServedCell) -> tuple[int, bool]:
    """Return how many calls a compound knows, and whether one rings for the person."""
    cell.compound.clock.now = datetime.now(UTC)  # as that of the server's own process
    with cell.compound.act() as act:
        call = ringing_for(act.session, cell.compound.persons[WHO], act.now)
        return act.session.scalar(select(func.count()).select_from(HomeCall)) or 0, call is not None


def test_a_call_rings_and_opens_in_its_own_compound_alone(cells: ServedCells) -> None:
    willow, elm = cells.cells["willow"], cells.cells["elm"]
    gate = gate_of(willow)
    assert read(gate.posts(CALLS_PATH, REPORT).content).stage == "ringing"
    assert (rings(willow), rings(elm)) == ((1, True), (0, False))
    with willow.compound.act("phone", willow.compound.persons[WHO]) as act:
        answer(act, "one")
        open_gate(act, "one")
    state = read(gate.posts(CALLS_PATH, REPORT).content)
    assert (state.stage, state.opens is not None) == ("answered", True)
    stranger = replace(gate, host=elm.host).posts(CALLS_PATH, REPORT)
    assert stranger.status_code in (401, 403)
    assert rings(elm) == (0, False)


def read(body: bytes) -> CallState:
    return msgspec.json.decode(body, type=CallState)
