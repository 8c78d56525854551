"""One installation opens its cells."""

import os
from dataclasses import replace

import msgspec
import pytest
from sqlalchemy import select
from werkzeug.test import Client, TestResponse

from tests.support.compounds.with_gates import PlayedGate, add_gate
from tests.support.statements import statements_of, verbs
from tests.web_admin.cells.installed import Here
from web_admin.cells.holds import HELD
from web_admin.cells.moving import Move, carry_out
from web_admin.cells.serving_lock import ServingLock, lease_of
from web_admin.cells.site import Site
from web_admin.compound.models import Gate
from web_admin.compound.models import Site as SiteRow
from web_admin.core.health_models import ServerMark
from web_admin.policy.publish import publish_policy

OTHER = "maple.example"


class AtHost:
    """What a gate sends to, by one host's name."""

    def __init__(self, site: Site, base_url: str) -> None:
        self._site, self._base_url = site, base_url

    def post(self, path: str, data: bytes, headers: dict[str, str]) -> TestResponse:
        """Send a request of a gate."""
        sent = {"data": data, "headers": headers, "buffered": True}
        return Client(self._site).post(path, base_url=self._base_url, **sent)


@pytest.mark.wide
def test_a_check_in_in_a_cell_costs_one_statement_in_the_database_of_that_cell(here: Here) -> None:
    for host in ("willow.example", "elm.example"):
        here.ask(host)
    apps = [here.installation._cells[name].app for name in ("willow", "elm")]
    willow, elm = (app.extensions["menjin"] for app in apps)
    with willow.database.session() as session:
        site_id = session.scalars(select(SiteRow.site_id)).one()
        key = add_gate(session, willow.sealer, site_id, "north", 1, ["card"])
        publish_policy(session, willow.sealer, site_id, willow.clock())
    gate = PlayedGate(AtHost(here.site, "https://willow.example"), site_id, "north", key)
    first = msgspec.json.decode(gate.ask(willow.clock()).policy.manifest)
    gate.have = (first["epoch"], first["version"])
    in_full = gate.ask(willow.clock())
    with statements_of(willow.database) as seen, statements_of(elm.database) as of_the_other:
        reply = gate.ask(willow.clock())
    assert (verbs(seen), of_the_other) == (["UPDATE"], [])
    dated = {"server_time": reply.server_time, "policy": reply.policy}
    assert msgspec.structs.replace(in_full, **dated) == reply
    with willow.database.session() as session:
        assert session.get_one(Gate, "north").request_counter == gate.counter


def test_a_cell_that_goes_is_no_ones_and_one_that_comes_is_served(here: Here) -> None:
    assert here.ask("willow.example").status_code == 200
    (here.folder / "willow" / HELD).touch()
    here.look()
    home = here.folder.parent / "home"
    carry_out(Move(here.folder / "willow", home), lambda _text: None)
    here.look()
    assert here.ask("willow.example").data == here.ask(OTHER).data
    carry_out(Move(home, here.folder / "willow"), lambda _text: None)
    here.look()
    assert here.ask("willow.example").status_code == 200


@pytest.mark.wide
def test_the_periodic_work_of_open_and_closed_cells_is_done(here: Here) -> None:
    here.ask("willow.example")
    for cell in here.installation.cells():
        here.jobs._always(cell)
        here.jobs._look_for_messages(cell)
        here.jobs._renew(cell)
    assert [cell.name for cell in here.installation.cells() if cell.is_open] == ["willow"]
    for cell in here.installation.cells():
        with cell.at_work() as menjin, menjin.database.open_reading() as session:
            mark = session.get(ServerMark, "housekeeping")
            assert mark is not None
            assert mark.note == ""


@pytest.mark.wide
def test_a_cell_is_opened_by_its_first_request_and_closed_when_idle(here: Here) -> None:
    willow, elm = (here.installation._cells[name] for name in ("willow", "elm"))
    assert not willow.is_open
    assert here.ask("willow.example").text == "ok\n"
    assert (willow.is_open, elm.is_open) == (True, False)
    assert lease_of(here.folder / "willow").process == os.getpid()
    here.clock.now += here.installation.choices.idle_seconds - 1
    here.installation.close_idle()
    assert willow.is_open
    here.clock.now += 2
    here.installation.close_idle()
    assert not willow.is_open
    assert lease_of(here.folder / "willow") is None
    assert here.ask("willow.example").status_code == 200


@pytest.mark.wide
def test_above_the_bound_the_one_asked_longest_ago_is_closed(here: Here) -> None:
    here.installation.choices = replace(here.installation.choices, open_at_most=1)
    here.ask("willow.example")
    here.clock.now += 1
    here.ask("elm.example")
    here.installation.close_idle()
    assert [cell.name for cell in here.installation.cells() if cell.is_open] == ["elm"]


def test_a_cell_is_closed_under_no_request(here: Here) -> None:
    cell = here.installation._cells["willow"]
    cell.enter()
    (here.folder / "willow" / HELD).touch()
    here.look()
    assert cell.is_open
    assert here.ask("willow.example").status_code == 503
    cell.leave()
    assert not cell.is_open
    ServingLock(here.folder / "willow", alone=True).take(0.0)


def test_a_held_cell_says_that_it_is_maintained_and_comes_back(here: Here) -> None:
    assert here.ask("willow.example").status_code == 200
    (here.folder / "willow" / HELD).touch()
    here.look()
    page = here.ask("willow.example", "/")
    assert (page.status_code, page.headers["Retry-After"]) == (503, "20")
    assert "正在维护" in page.text
    assert here.ask("willow.example", "/static/trouble.css").mimetype == "text/css"
    assert here.ask("willow.example", "/api/v1/people").get_json()["error"] == "cell_paused"
    assert here.ask("elm.example").status_code == 200
    (here.folder / "willow" / HELD).unlink()
    here.look()
    assert here.ask("willow.example").status_code == 200
