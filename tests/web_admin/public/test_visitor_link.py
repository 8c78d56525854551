"""The public page behind a pass's link: its code for anyone, no names, and nothing for a changed link."""

import base64
import io
import re
from datetime import timedelta

import pytest
import zxingcpp
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select, update

from gate_controller.rules.decision import Reason
from tests.support.clock import SetClock
from tests.support.compounds.many_gates import add_stairwells
from tests.support.compounds.resident import Compound
from tests.support.suspending import suspend_for_days
from tests.web_admin.resident.pressing import press
from tests.web_admin.resident.visitors import link_of, make_pass, only_pass, weekly_pass
from web_admin.compound.models import Gate, Lane, Person, Site
from web_admin.public import visitor_link
from web_admin.visitors.models import VisitorVisit
from web_admin.web.qr_picture import FIGURES, png_of


@pytest.mark.wide
def test_a_withdrawn_pass_is_refused_and_its_link_shows_no_code(
    small_compound: Compound, phone: FlaskClient
) -> None:
    page = make_pass(phone)
    link = link_of(phone, page)
    press(phone, f"{page}/withdraw", seen_on=page, sure="1")
    assert small_compound.decide(only_pass(small_compound).text).reason is Reason.PASS_WITHDRAWN
    shown = small_compound.app.test_client().get(link, headers={"Accept-Language": "en"}).text
    assert "This pass was withdrawn." in shown
    assert 'class="qr"' not in shown
    assert small_compound.app.test_client().get(f"{link}/pass.png").status_code == 404


def test_the_link_shows_the_code_to_anyone_and_no_names(small_compound: Compound, phone: FlaskClient) -> None:
    link = link_of(phone, make_pass(phone))
    answer = small_compound.app.test_client().get(link, headers={"Accept-Language": "en"})
    assert 'class="qr"' in answer.text
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert "Set-Cookie" not in answer.headers
    for name in ("Aunt Li", "Lin Wei", "3-1203"):
        assert name not in answer.text


def test_a_link_with_one_bit_changed_leads_nowhere(small_compound: Compound, phone: FlaskClient) -> None:
    text = link_of(phone, make_pass(phone)).removeprefix("/v/")
    data = bytearray(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    stranger = small_compound.app.test_client()
    for place in (1, 10, len(data) - 1):
        changed = data.copy()
        changed[place] ^= 1
        link = base64.urlsafe_b64encode(changed).rstrip(b"=").decode()
        assert stranger.get(f"/v/{link}").status_code == 404
    for nonsense in ("x", "AAAA", "%C3%A4", "a" * 3000):
        assert stranger.get(f"/v/{nonsense}").status_code == 404
    assert "Ask your host for a new one." in stranger.get("/v/AAAA?language=en").text
    assert "请向邀请您的人索取新的。" in stranger.get("/v/AAAA?language=zh").text


def test_the_link_gives_a_copy_that_the_gate_accepts_for_less_than_a_minute(
    small_compound: Compound, phone: FlaskClient, clock: SetClock
) -> None:
    link = link_of(phone, make_pass(phone))
    answered = small_compound.app.test_client().get(f"{link}/now").get_json()
    assert answered["state"] == "live"
    assert answered["text"] != only_pass(small_compound).text
    assert small_compound.decide(answered["text"]).opens
    clock.now += timedelta(seconds=50)
    assert small_compound.decide(answered["text"]).reason is Reason.EXPIRED


def test_the_picture_is_the_pass_itself(small_compound: Compound, phone: FlaskClient) -> None:
    link = link_of(phone, make_pass(phone))
    answer = small_compound.app.test_client().get(f"{link}/pass.png")
    found = zxingcpp.read_barcodes(Image.open(io.BytesIO(answer.data)))
    assert [code.text for code in found] == [only_pass(small_compound).text]
    assert answer.mimetype == "image/png"


def test_every_figure_of_a_time_can_be_written_below_the_code() -> None:
    plain = Image.open(io.BytesIO(png_of("MENJIN")))
    dated = Image.open(io.BytesIO(png_of("MENJIN", ["2026-12-01 13:45", "2026-12-31 06:07"])))
    assert dated.size == (plain.width, plain.height + 2 * 11 * 4)
    assert dated.crop((0, 0, *plain.size)).tobytes() == plain.tobytes()
    assert len({png_of("MENJIN", [figure]) for figure in FIGURES}) == len(FIGURES)


def test_the_link_speaks_the_language_that_was_asked_for_without_a_cookie(
    small_compound: Compound, phone: FlaskClient
) -> None:
    link = link_of(phone, make_pass(phone))
    stranger = small_compound.app.test_client()
    asked = (("", "zh-CN"), ("", "en"), ("?language=zh", "en"), ("?language=xx", "en"))
    shown = [stranger.get(link + query, headers={"Accept-Language": accepted}) for query, accepted in asked]
    assert ["访客通行证" in answer.text for answer in shown] == [True, False, True, False]
    assert [answer.headers.get("Set-Cookie") for answer in shown] == [None] * 4


def test_the_plan_shows_every_gate_and_marks_those_that_open(
    small_compound: Compound, phone: FlaskClient
) -> None:
    link = link_of(phone, make_pass(phone, gate_numbers="2"))
    plan = small_compound.app.test_client().get(link, headers={"Accept-Language": "en"}).text
    north, south = plan.partition('class="plan"')[2].split("<li")[1:3]
    assert ("not with this pass" in north, "This gate" in north) == (True, False)
    assert ("in with the code" in south, "This gate" in south) == (True, True)


def test_the_plan_of_a_pass_for_many_gates_is_folded_behind_their_number(
    small_compound: Compound, phone: FlaskClient
) -> None:
    link = link_of(phone, make_pass(phone, gate_numbers="all"))
    with small_compound.act() as act:
        (grant,) = act.session.get_one(Person, small_compound.person_id).grants
        add_stairwells(act.session, act.sealer, act.session.get_one(Site, act.site_id), act.now, 20)
        grant.lanes = [
            *grant.lanes,
            *act.session.scalars(select(Lane.lane_id).where(Lane.lane_id.like("b%"))),
        ]
    page = small_compound.app.test_client().get(link, headers={"Accept-Language": "en"}).text
    assert re.search(r"<details[^>]*>\s*<summary>22 gates</summary>", page)
    assert page.partition("<details")[2].partition("</details>")[0].count('class="opens"') == 22


@pytest.mark.wide
def test_a_weekly_pass_has_one_link_that_shows_each_visits_code_when_it_is_due(
    small_compound: Compound, phone: FlaskClient, clock: SetClock
) -> None:
    page = weekly_pass(phone).location
    link, visitor = link_of(phone, page), small_compound.app.test_client()
    early = visitor.get(link, headers={"Accept-Language": "en"}).text
    assert "Your next visit begins" in early
    assert 'class="qr"' not in early
    clock.now += timedelta(hours=20)  # Thursday, eight in the morning
    assert "It opens from" in visitor.get(link, headers={"Accept-Language": "en"}).text
    clock.now += timedelta(hours=2)
    first = visitor.get(f"{link}/now").get_json()["text"]
    assert small_compound.decide(first).opens
    clock.now += timedelta(days=7)
    assert small_compound.decide(first).reason is Reason.EXPIRED
    assert small_compound.decide(visitor.get(f"{link}/now").get_json()["text"]).opens
    assert "Used" not in phone.get("/r/visitors").text
    press(phone, f"{page}/withdraw", seen_on=page, sure="1")
    assert "This pass was withdrawn." in visitor.get(link, headers={"Accept-Language": "en"}).text
    assert visitor.get(f"{link}/now").get_json() == {"state": "withdrawn", "text": None}


def test_the_first_look_at_a_weekly_link_shows_the_code_while_a_gate_writes(
    small_compound: Compound, phone: FlaskClient, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = link_of(phone, weekly_pass(phone).location)
    clock.now += timedelta(hours=20)  # Thursday, eight in the morning
    real = visitor_link.signed_for

    def while_a_gate_writes(*arguments: object) -> object:
        found = real(*arguments)  # type: ignore[arg-type]
        with small_compound.session() as session:
            session.execute(update(Gate).values(last_seen_at=clock.now))
        return found

    monkeypatch.setattr(visitor_link, "signed_for", while_a_gate_writes)
    page = small_compound.app.test_client().get(link)
    assert (page.status_code, "<svg" in page.text) == (200, True)
    with small_compound.session() as session:
        assert len(session.scalars(select(VisitorVisit)).all()) == 1


def test_while_the_issuer_may_not_invite_the_link_says_so_and_shows_no_code(
    small_compound: Compound, phone: FlaskClient, clock: SetClock
) -> None:
    link = link_of(phone, weekly_pass(phone).location)
    with small_compound.act("manager") as act:
        suspend_for_days(act, small_compound.person_id)
    clock.now += timedelta(hours=21)
    shown = small_compound.app.test_client().get(link, headers={"Accept-Language": "en"}).text
    assert "This pass cannot be used at the moment." in shown
    assert 'class="qr"' not in shown
