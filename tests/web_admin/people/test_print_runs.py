"""Print runs: shown once, nothing readable kept, PINs that work only when handed out, all at once."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.support.acting import offer_face
from tests.support.compounds.desk import give_pins, read, type_pin
from tests.support.compounds.resident import csrf_of
from tests.web_admin.people.printing import begin, make_all, press, the_run
from tests.web_admin.policy.published import give_face
from web_admin.action.base import new_action, publish
from web_admin.compound.models import CredentialRow, Gate, Invitation, Person
from web_admin.core.database import current_menjin
from web_admin.custody.models import Consent
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.events.why_refused import published_snapshot
from web_admin.face.lost_methods import note_opening
from web_admin.face.queries import newest_notice
from web_admin.face.renewals import renewal_of
from web_admin.operations.backup import LEFT_OUT
from web_admin.people.invitations import accept_invitation, invite
from web_admin.people.print_models import PrintSlip
from web_admin.people.print_runs import A_PART
from web_admin.privacy.retention import STEPS


@pytest.fixture
def client(compound):
    return compound.signed_in("manager")


def faces_at_north(compound):
    """Return whose faces the gate is to compare."""
    return set(
        read(
            compound, lambda s: published_snapshot(s, s.get_one(Gate, "north"), compound.clock()).face_roster
        )
    )


def sealed(compound):
    return read(compound, lambda s: s.scalars(select(PrintSlip.secret_sealed)).all())


@pytest.mark.wide
def test_invitations_of_a_building_are_shown_once_in_each_persons_language(compound, client):
    with compound.app.app_context(), current_menjin().database.session() as session:
        session.get_one(Person, compound.persons["Ana Ruiz"]).language = "en"
    where = begin(client, "invitations", ["3"]).location
    assert make_all(client, where)[-1] == {"done": 3, "total": 3, "state": "ready"}
    shown = press(client, where, "show")
    codes = re.findall(r'<p class="code">([0-9A-Z-]{14})</p>', shown.text)
    assert len(set(codes)) == 3
    assert shown.text.count("<svg") == 3
    assert "您的门禁页面" in shown.text
    assert "Your page for the gates" in shown.text
    assert shown.headers["Cache-Control"] == "no-store"
    assert sealed(compound) == [None] * 3
    token = csrf_of(client.get(where).text)
    again = client.post(f"{where}/show", data={"csrf_token": token, "once": "x" * 20})
    assert again.status_code == 303
    assert [code for code in codes if code in client.get(where).text] == []
    with compound.app.app_context(), current_menjin().database.session() as session:
        opened = accept_invitation(session, current_menjin().sealer, codes[0], compound.clock())
        assert opened.home.number.startswith("3-")


def test_a_resident_with_a_phone_page_gets_no_second_invitation(compound, client):
    with compound.app.app_context(), current_menjin().database.session() as session:
        act = new_action(
            current_menjin(), session, compound.site_id, "tests", "manager", now=compound.clock()
        )
        accept_invitation(session, act.sealer, invite(act, compound.persons["王芳"]), compound.clock())
    begin(client, "invitations", ["3"])
    run = the_run(compound)
    assert (run.total, run.left_out) == (2, 1)


@pytest.mark.wide
def test_new_pins_work_when_they_were_handed_out_and_not_before(compound, client):
    old = give_pins(compound).usual
    where = begin(client, "pins", ["3"], everyone="y").location
    make_all(client, where)
    pages = press(client, where, "show").text
    by_name = dict(re.findall(r"<br>([^<]+)</p>.*?<p class=\"code\">(\d{6})</p>", pages, re.DOTALL))
    fresh = by_name["王芳"]
    guard = compound.signed_in("guard")
    assert type_pin(guard, "3-1203", old).status_code == 303
    assert type_pin(guard, "3-1203", fresh).status_code == 422
    versions = select(Gate.published_version).where(Gate.gate_id == "north")
    before = read(compound, lambda s: s.scalars(versions).one())
    assert press(client, where, "handed-out").status_code == 303
    assert read(compound, lambda s: s.scalars(versions).one()) == before + 1
    assert type_pin(guard, "3-1203", fresh).status_code == 303
    assert type_pin(guard, "3-1203", old).status_code == 422
    assert read(compound, lambda s: s.scalars(select(PrintSlip)).all()) == []


@pytest.mark.wide
def test_a_replaced_pin_takes_the_faces_with_it_that_were_given_with_it(compound, client):
    """A person who knows a PIN may have had their own face taken, also a neighbour's with a shared one."""
    give_pins(compound)
    owner, other = compound.persons["王芳"], compound.persons["林薇"]
    with compound.act("manager") as act:
        offer_face(act)
        version = newest_notice(act.session, FACE_PURPOSE, "zh").version
        pin = act.session.scalars(
            select(CredentialRow.credential_id).where(
                CredentialRow.person_id == owner, CredentialRow.kind == "pin", CredentialRow.duress.is_(False)
            )
        ).one()
        for person_id in (owner, other):
            person = act.session.get_one(Person, person_id)
            give_face(act.session, act.sealer, compound.site_id, person, compound.clock(), version)
            note_opening(act.session, person_id, [pin], compound.clock())
        publish(act)
    live = select(Consent.person_id).where(Consent.withdrawn_at.is_(None))
    assert {owner, other} <= set(read(compound, lambda s: s.scalars(live).all()))
    assert {owner, other} <= faces_at_north(compound)
    where = begin(client, "pins", ["3"], everyone="y").location
    make_all(client, where)
    press(client, where, "show")
    assert press(client, where, "handed-out").status_code == 303
    assert {owner, other} & set(read(compound, lambda s: s.scalars(live).all())) == set()
    assert read(compound, lambda s: renewal_of(s, owner).why) == "credential_lost"
    assert {owner, other} & faces_at_north(compound) == set()


def test_by_default_no_pin_is_replaced(compound, client):
    give_pins(compound)
    begin(client, "pins", ["3"])
    assert (the_run(compound).total, the_run(compound).left_out) == (2, 1)


@pytest.mark.wide
def test_a_cancelled_run_leaves_nothing_that_works(compound, client):
    where = begin(client, "invitations", ["3"]).location
    make_all(client, where)
    press(client, where, "show")
    press(client, where, "cancel")
    assert the_run(compound).state == "cancelled"
    ends = read(compound, lambda s: s.scalars(select(Invitation.expires_at)).all())
    assert all(end <= compound.clock() for end in ends)
    where = begin(client, "pins", ["3"]).location
    make_all(client, where)
    press(client, where, "cancel")
    pins = select(CredentialRow).where(CredentialRow.kind == "pin")
    assert read(compound, lambda s: s.scalars(pins).all()) == []


@pytest.mark.wide
def test_a_pin_made_meanwhile_is_not_overwritten(compound, client):
    where = begin(client, "pins", ["3"]).location
    make_all(client, where)
    press(client, where, "show")
    compound.clock.now += timedelta(minutes=5)
    newer = give_pins(compound).usual
    press(client, where, "handed-out")
    assert "2 of 3 new PINs work now" in client.get(where).text
    assert type_pin(compound.signed_in("guard"), "3-1203", newer).status_code == 303


def test_pins_wait_sealed_and_in_no_backup(compound, client):
    where = begin(client, "pins", ["3"]).location
    make_all(client, where)
    waiting = sealed(compound)
    pages = press(client, where, "show").text
    digits = re.findall(r'<p class="code">(\d{6})</p>', pages)
    assert len(digits) == len(waiting) == 3
    assert [pin for pin in digits for secret in waiting if pin.encode() in secret] == []
    assert "print_slip" in LEFT_OUT


def test_a_run_is_made_in_parts_and_can_be_left_in_between(compound, client, monkeypatch):
    monkeypatch.setitem(A_PART, "pins", 2)
    where = begin(client, "pins", ["3"]).location
    token = csrf_of(client.get(where).text)
    first = client.post(f"{where}/step", data={"csrf_token": token}, headers={"Accept": "application/json"})
    assert first.json == {"done": 2, "total": 3, "state": "making"}
    assert 'value="2"' in client.get(where).text
    by_button = client.post(f"{where}/step", data={"csrf_token": token})
    assert by_button.status_code == 303
    assert the_run(compound).state == "ready"


def test_an_unprinted_run_is_forgotten_after_a_fortnight(compound, client):
    make_all(client, begin(client, "pins", ["3"]).location)
    with compound.app.app_context():
        menjin = current_menjin()
        assert STEPS["print_secrets_erased"](menjin, compound.clock() + timedelta(days=13)) == 0
        assert STEPS["print_secrets_erased"](menjin, compound.clock() + timedelta(days=15)) == 3
        assert STEPS["print_runs_deleted"](menjin, compound.clock() + timedelta(days=3000)) == 1
    assert sealed(compound) == []
