"""One cell: opened by its first request, closed when idle and under no request, held and back."""

import os
from dataclasses import replace

import pytest

from tests.web_admin.cells.installed import Here
from web_admin.cells.holds import HELD
from web_admin.cells.serving_lock import ServingLock, lease_of


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
