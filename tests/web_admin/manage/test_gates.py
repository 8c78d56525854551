"""The pages of gates: added, taken out of use, and with a sign."""

import re

import pytest
from sqlalchemy import select

from gate_controller.control.screen_actions import HELP_KEY
from gate_controller.lane.face_dialog import READ_ALOUD_KEY
from tests.support.act_previews import done
from tests.web_admin.manage.forms import Rows, send
from web_admin.compound.models import Gate, Lane
from web_admin.gates.models import PairAttempt
from web_admin.journal.models import QuarantinedEntry


@pytest.fixture
def client(compound):
    return compound.signed_in("manager")


@pytest.fixture
def rows(compound):
    return Rows(compound)


def test_a_new_lane_asks_four_things_and_keeps_the_rest_folded_until_it_is_refused(client):
    new = client.get("/manage/gates/north/lanes/new").text.partition('<details class="span-row">')
    assert [name in new[0] for name in ('id="name"', 'id="lane_id"', 'id="direction"')] == [True] * 3
    assert 'id="pulse_seconds"' in new[2]
    refused = send(client, "/manage/gates/north/lanes/new", name="", lane_id="").text
    assert '<details class="span-row" open>' in refused
    assert '<details class="span-row" open>' in client.get("/manage/gates/north/lanes/north-in").text


LANE = {
    "name": "North in",
    "direction": "in",
    "hours_card": "",
    "hours_pin": "",
    "hours_qr": "",
    "hours_face": "",
    "pulse_seconds": "5",
    "slow_pulse_seconds": "15",
    "antipassback": "off",
    "staff_hold_minutes": "30",
}


def test_a_lane_with_face_alone_is_refused_beside_its_ways_in(client, rows):
    answer = send(client, "/manage/gates/north/lanes/north-in", **LANE, methods="face")
    assert answer.status_code == 422
    assert re.search(r'id="methods-wrong-1">', answer.text)
    assert rows(lambda s: s.get_one(Lane, "north-in").methods) == ["card", "pin", "qr"]


def test_a_lane_whose_name_of_before_is_longer_is_changed(client, rows):
    name = "North way in past the hedge " * 3
    rows(lambda s: setattr(s.get_one(Lane, "north-in"), "name", name.strip()))
    typed = LANE | {"name": name.strip(), "pulse_seconds": "7", "methods": ["card", "pin", "qr"]}
    page = "/manage/gates/north/lanes/north-in"
    assert done(client, send(client, page, **typed)).status_code == 303
    lane = rows(lambda s: s.get_one(Lane, "north-in"))
    assert (lane.name, lane.pulse_seconds) == (name.strip(), 7.0)
    assert send(client, page, **typed | {"name": f"{name}!"}).status_code == 422


@pytest.mark.wide
def test_a_lane_is_changed(client, rows):
    shown = send(client, "/manage/gates/north/lanes/north-in", **LANE, methods=["card", "pin"])
    assert done(client, shown).status_code == 303
    assert rows(lambda s: s.get_one(Lane, "north-in").methods) == ["card", "pin"]


def test_a_gate_and_its_lane_are_added(client, rows):
    assert send(client, "/manage/gates/new", name="West", gate_id="west").status_code == 303
    answer = send(client, "/manage/gates/west/lanes/new", **LANE, lane_id="west-in", methods=["card"])
    assert answer.status_code == 303
    assert rows(lambda s: s.get_one(Gate, "west").lanes[0].lane_id) == "west-in"


def test_short_names_are_taken_as_a_phone_writes_them(client, rows):
    assert send(client, "/manage/gates/new", name="West", gate_id="West ").status_code == 303
    answer = send(client, "/manage/gates/west/lanes/new", **LANE, lane_id="West-in", methods=["card"])
    assert answer.status_code == 303
    assert rows(lambda s: s.get_one(Gate, "west").lanes[0].lane_id) == "west-in"


def test_the_page_of_a_gate_waits_on_between_the_two_messages_of_its_controller(client, rows):
    send(client, "/manage/gates/garage", "/manage/gates/garage/pair")

    def commit(session):
        session.scalars(select(PairAttempt).where(PairAttempt.gate_id == "garage")).one().state = "committed"

    rows(commit)
    assert 'data-state="code"' in client.get("/manage/gates/garage").text


def test_a_pair_code_is_shown_once_and_the_twelve_characters_are_compared(client, rows):
    shown = send(client, "/manage/gates/garage", "/manage/gates/garage/pair")
    assert re.search(r'<p class="code">[A-Z0-9-]{8,9}</p>', shown.text)

    def arrive(session):
        attempt = session.scalar(select(PairAttempt))
        attempt.state, attempt.phrase, attempt.gate_public_key = "waiting", "ABCDEFGHJKLM", b"k" * 32
        attempt.nonce, attempt.sealing_public_key = b"n" * 16, b"s" * 32
        return attempt.pair_id

    pair_id = rows(arrive)
    assert "ABCD EFGH JKLM" in client.get("/manage/gates/garage").text
    send(client, "/manage/gates/garage", f"/manage/gates/pairings/{pair_id}", answer="approve")
    assert rows(lambda s: s.get_one(Gate, "garage").state) == "paired"


def test_a_gate_shows_the_entries_of_its_journal_that_count_for_nothing(compound, client) -> None:
    assert 'id="set-aside"' not in client.get("/manage/gates/north").text
    with compound.act() as act:
        act.session.add(
            QuarantinedEntry(
                gate_id="north",
                journal_id="j",
                seq=90_017,
                digest=b"d",
                previous=b"",
                is_whole=True,
                why="text",
                body=None,
                received_at=act.now,
                ledger_seq=1,
            )
        )
    section = client.get("/manage/gates/north").text.partition('id="set-aside"')[2].partition("</section>")[0]
    assert "1 entry of its journal counts for nothing" in section
    assert "90017" in section


PAGE = "/manage/gates/north/out-of-use"


def test_it_is_done_only_after_what_follows_was_read(client, rows) -> None:
    assert f'href="{PAGE}"' in client.get("/manage/gates/north").text
    page = client.get(PAGE).text
    for said in ("Its lanes go with it: 北门进, 北门出.", "rights for other gates too", "controller off"):
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


def test_the_sign_names_the_keys_of_the_gates_keypad_in_both_languages(compound):
    page = compound.signed_in("installer").get("/manage/gates/north/sign").text
    assert (
        re.findall(r"<kbd>(.*?)</kbd>", page)
        == [
            READ_ALOUD_KEY,
            "##",
            "##7",
            "##8",
            f"##{HELP_KEY}",
        ]
        * 2
    )
    assert "朗读屏幕" in page
    assert "Reads the screen aloud" in page
