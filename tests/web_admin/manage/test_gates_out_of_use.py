"""The pages that take a gate out of use and list those that are: what follows, what is hidden, what stays."""

import re

import pytest

from tests.web_admin.manage.forms import Rows, send
from web_admin.compound.models import Gate

PAGE = "/manage/gates/north/out-of-use"


@pytest.fixture
def client(compound):
    return compound.signed_in("manager")


@pytest.fixture
def rows(compound):
    return Rows(compound)


def test_it_is_done_only_after_what_follows_was_read(client, rows) -> None:
    assert f'href="{PAGE}"' in client.get("/manage/gates/north").text
    page = client.get(PAGE).text
    for said in ("Its lanes go with it: 北门进, 北门出.", "rights for other gates too", "so switch it off"):
        assert said in page
    answer = send(client, PAGE)
    assert (answer.status_code, "Tick this once you have read it." in answer.text) == (422, True)
    assert rows(lambda s: s.get_one(Gate, "north").state) == "paired"
    assert send(client, PAGE, sure="y").status_code == 303
    assert rows(lambda s: s.get_one(Gate, "north").state) == "retired"


@pytest.mark.wide
def test_it_is_hidden_everywhere_and_its_events_keep_its_name(client, compound) -> None:
    send(client, PAGE, sure="y")
    assert "北门 is out of use. Switch its controller off." in client.get("/manage/gates/out-of-use").text
    hidden = (
        "/manage/gates/",
        "/manage/visitors/new",
        "/manage/people/new",
        "/manage/health/",
        "/manage/updates/",
        "/manage/emergency/new",
        "/manage/try",
        "/manage/access/people/" + compound.persons["王芳"],
    )
    assert [page for page in hidden if "北门" in client.get(page).text] == []
    assert 'id="gate-north"' not in client.get("/manage/").text
    assert "<td>北门 · 进" in client.get("/manage/events/?gate=north").text
    assert "北门 (out of use)" in client.get("/manage/events/").text


def test_it_is_found_with_its_day_and_comes_back_by_pairing_alone(client) -> None:
    assert "No gate is out of use" in client.get("/manage/gates/out-of-use").text
    send(client, PAGE, sure="y")
    page = client.get("/manage/gates/out-of-use").text
    assert "北门" in page
    assert re.search(r"Out of use since [^<]*\d", page)
    gate = client.get("/manage/gates/north").text
    assert "Use it again: pair a controller" in gate
    assert PAGE not in gate
    code = send(client, "/manage/gates/north", path="/manage/gates/north/pair")
    assert code.status_code == 200
