"""Limits of a policy, and of face in it."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from gate_controller.contract import features
from gate_controller.contract.calendars import DAY_KINDS, Span
from gate_controller.contract.features import Feature
from gate_controller.contract.records import PolicyRefused
from tests.support.acting import add_lane, household, manager
from tests.support.compounds.resident import Compound
from tests.support.compounds.with_gates import add_gate
from tests.web_admin.resident.pressing import press, switch
from web_admin.action.base import publish
from web_admin.compound.keys import create_site
from web_admin.compound.models import CredentialRow, Gate, Lane
from web_admin.compound.policy_models import PolicyRecordRow
from web_admin.core.database import Menjin
from web_admin.gates.actions import save_lane
from web_admin.gates.hours import save_hours
from web_admin.gates.rules import spec_of
from web_admin.people.actions import edit_person
from web_admin.policy.effects import PolicyEffects
from web_admin.policy.fitting import fit_policies


@pytest.fixture(params=[True, False], ids=["may be ignored", "may not"])
def ignorable(request, monkeypatch):
    newer = Feature("slow_pass", "person", "slow_pass", may_be_ignored=request.param)
    monkeypatch.setattr(features, "FEATURES", (newer,))
    return request.param


@pytest.fixture
def slow_person(database, sealer, site, now, ignorable):
    """Return a person who needs more time, published to a gate that knows nothing newer."""
    with database.session() as session:
        act = manager(session, sealer, site, now)
        add_lane(act)
        _home, person = household(act)
        edit_person(act, person.person_id, display_name="Lin", language="en", slow_pass=True)
        return person.person_id


def record_and_version(database, person_id):
    with database.session() as session:
        value = session.scalars(
            select(PolicyRecordRow.value).where(PolicyRecordRow.key == f"person:{person_id}")
        ).one_or_none()
        record = None if value is None else msgspec.json.decode(value)
        return record, session.get_one(Gate, "north").published_version


def test_a_newer_field_reaches_a_gate_once_its_program_knows_it(
    web_config, database, sealer, now, ignorable, slow_person
):
    menjin = Menjin(web_config, database, sealer, lambda: now, PolicyEffects(sealer))
    record, version = record_and_version(database, slow_person)
    assert (record is not None) is ignorable
    assert record is None or "slow_pass" not in record
    assert fit_policies(menjin, now) == 0, "it knows what it knew"
    with database.session() as session:
        session.get_one(Gate, "north").knows = ["slow_pass"]
    assert fit_policies(menjin, now) == 1
    record, newer = record_and_version(database, slow_person)
    assert record["slow_pass"] is True and newer > version
    assert fit_policies(menjin, now) == 0


@pytest.mark.parametrize("refuses_at", [0, 1])
def test_a_compound_that_is_refused_undoes_no_other_and_only_gates_that_differ_are_published(
    web_config, database, sealer, site, now, caplog, refuses_at
):
    with database.session() as session:
        another, _root = create_site(session, sealer, "Another", "Asia/Shanghai", "zh", "phrase", now)
        sites = sorted((site, another.site_id))
        for of_site in sites:
            for number, name in enumerate(("differs", "same"), 1):
                add_gate(session, sealer, of_site, f"{name}-{of_site}", number, ["card"])
            session.get_one(Gate, f"differs-{of_site}").knows = ["slow_pass"]
    refused, kept = sites[refuses_at], sites[1 - refuses_at]

    class Refusing(PolicyEffects):
        def publish(self, session, site_id, now, person_ids, gate_ids=None, *, with_others=True):
            super().publish(session, site_id, now, person_ids, gate_ids)
            if site_id == refused:
                raise PolicyRefused("no way in but face")

    with pytest.raises(PolicyRefused):
        fit_policies(Menjin(web_config, database, sealer, lambda: now, Refusing(sealer)), now)
    assert [line for line in caplog.messages if f"compound {refused}:" in line and kept not in line]
    with database.session() as session:
        versions = {gate.gate_id: gate.published_version for gate in session.query(Gate)}
    assert versions == {
        f"differs-{kept}": 1,
        f"same-{kept}": 0,
        f"differs-{refused}": 0,
        f"same-{refused}": 0,
    }


NEVER = "no other way of yours works there"
IN_HOURS = "face works only during the hours of your other ways in: Day"
UNTIL = "face works until"


@pytest.fixture
def phone_with_face(phone: FlaskClient) -> FlaskClient:
    press(phone, "/r/face/yes", seen_on="/r/face", notice_version="1", language="en")
    return phone


def lane(compound: Compound, **changes: object) -> None:
    """Save the lane with changes, the PIN in hours of the day where it is asked for."""
    with compound.act() as act:
        day = save_hours(act, None, "Day", [Span(DAY_KINDS, 480, 1200)])
        spec = spec_of(act.session.get_one(Lane, "north-in"))
        hours = {"pin": day.hours_id} if changes.pop("pin_in_hours", False) else {}
        save_lane(replace(act, because="works"), "north", replace(spec, method_hours=hours, **changes))


@pytest.mark.wide
def test_a_face_beside_a_lasting_way_at_every_hour_has_no_limit(phone_with_face: FlaskClient) -> None:
    assert "data-face-limit" not in phone_with_face.get("/r/").text


@pytest.mark.wide
def test_the_page_names_the_hours_of_the_only_other_way(
    small_compound: Compound, phone_with_face: FlaskClient
) -> None:
    lane(small_compound, pin_in_hours=True)
    switch(phone_with_face, "pin", on=True)
    assert "data-face-limit" not in phone_with_face.get("/r/").text
    switch(phone_with_face, "card", on=False)
    assert IN_HOURS in phone_with_face.get("/r/").text
    switch(phone_with_face, "qr", on=True)
    assert "data-face-limit" not in phone_with_face.get("/r/").text


def test_the_page_says_until_when_the_last_other_way_lasts(
    small_compound: Compound, phone_with_face: FlaskClient
) -> None:
    with small_compound.act() as act:
        act.session.get_one(CredentialRow, small_compound.card_id).valid_until = act.now + timedelta(hours=1)
        publish(act)
    page = phone_with_face.get("/r/").text
    assert UNTIL in page
    assert NEVER not in page


@pytest.mark.wide
def test_the_page_says_where_no_other_way_is_taken(
    small_compound: Compound, phone_with_face: FlaskClient
) -> None:
    switch(phone_with_face, "pin", on=True)
    switch(phone_with_face, "card", on=False)
    lane(small_compound, methods=("card", "qr", "face"))
    assert NEVER in phone_with_face.get("/r/").text
    with phone_with_face.session_transaction() as session:
        session["language"] = "zh"
    assert "您没有其他可用的方式，刷脸暂停。" in phone_with_face.get("/r/").text
