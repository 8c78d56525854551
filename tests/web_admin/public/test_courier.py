"""A courier who scans a gate's sign has a code for every number: the page reads nothing of homes."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, event

from tests.support.clock import SetClock
from tests.support.compounds.resident import Compound, csrf_of
from web_admin.calls.models import HomeCallWishes
from web_admin.calls.sign_links import sign_text
from web_admin.compound.models import Gate, Person
from web_admin.manage import gate_sign
from web_admin.web.qr_picture import svg_of


@pytest.fixture
def sign(small_compound: Compound) -> str:
    """The address on the north gate's sign; the home of the phone's owner lets couriers in by day."""
    with small_compound.act() as act:
        gate = act.session.get_one(Gate, "north")
        gate.state = "paired"
        home_id = act.session.get_one(Person, small_compound.person_id).home_id
        act.session.add(
            HomeCallWishes(
                home_id=home_id,
                site_id=act.site_id,
                takes_calls=True,
                courier="by_day",
                courier_by=small_compound.person_id,
                changed_at=act.now,
                changed_by=small_compound.person_id,
            )
        )
        return f"/c/{sign_text(act.sealer, gate)}"


@pytest.fixture
def courier(small_compound: Compound, clock: SetClock) -> FlaskClient:
    clock.now = clock.now.replace(hour=4, minute=0)  # noon in Shanghai
    client = small_compound.app.test_client()
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def typed(courier: FlaskClient, sign: str, home: str = "3-1203") -> str:
    sent = {"csrf_token": csrf_of(courier.get(sign).text), "home": home}
    answer = courier.post(sign, data=sent)
    assert answer.status_code == 200
    return str(answer.text)


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(*of: Any) -> None:
        seen.append(of[2])

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def test_every_number_has_the_same_page_and_no_home_is_looked_up(
    small_compound: Compound, courier: FlaskClient, sign: str
) -> None:
    """`3-1203` lets couriers in, `3-1204` is a home that does not, `9-9999` is none."""
    pages, run = set(), []
    engine = small_compound.app.extensions["menjin"].database.engine
    for home in ("3-1203", "3-1204", "9-9999"):
        with statements(engine) as seen:
            page = typed(courier, sign, home)
        run.append(seen)
        page = re.sub(r'csrf_token" value="[^"]+"', "", page.replace(home, "3-1203"))
        (drawn,) = re.findall(r'd="(M[^"]+h1v1h-1z)"', page)
        assert drawn in svg_of(f"COURIER {home.replace('-', '')}", "")
        pages.add(page.replace(drawn, ""))
    assert len(pages) == 1
    assert run[0] == run[1] == run[2]
    assert not re.search("home|visitor_pass|INSERT|UPDATE", " ".join(run[0]))


@pytest.mark.parametrize("home", ["", "   ", "no number", "-", "١٢"])
def test_what_is_no_number_is_refused_beside_its_field(courier: FlaskClient, sign: str, home: str) -> None:
    assert "Type the number of the home, such as 3-1203." in typed(courier, sign, home)


def test_only_the_address_of_a_sign_leads_there(
    small_compound: Compound, courier: FlaskClient, sign: str
) -> None:
    number, proof = sign.removeprefix("/c/").split("-")
    for wrong in (f"2-{proof}", number, f"{number}-", f"{number}-{proof}x", "x", "١-abc", "99999999-x"):
        assert courier.get(f"/c/{wrong}").status_code == 404
    with small_compound.act() as act:
        act.session.get_one(Gate, "north").state = "retired"
    assert courier.get(sign).status_code == 404


def test_the_sign_has_the_address_as_a_code_where_a_reader_takes_passes(
    small_compound: Compound, sign: str
) -> None:
    with small_compound.app.test_request_context(), small_compound.session() as session:
        gate = session.get_one(Gate, "north")
        svg = gate_sign.picture_of(gate)
        assert svg is not None
        for lane in gate.lanes:
            lane.methods = ["card"]
        assert gate_sign.picture_of(gate) is None
