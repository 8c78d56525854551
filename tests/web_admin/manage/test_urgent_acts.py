"""An urgent act is in effect before anything is compared: also where the comparison hangs or fails."""

import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import select

import web_admin.operations.stolen_gates as counting
from tests.support.act_previews import is_preview, pass_on_weekdays
from tests.support.compounds.desk import card_of, hidden_of, read
from tests.support.compounds.resident import csrf_of
from tests.web_admin.manage.forms import once_of
from web_admin.compound.models import CredentialRow, Gate, Lane, Person
from web_admin.compound.restore_models import RestoreReview
from web_admin.compound.suspension_models import LockOut
from web_admin.core.database import current_menjin
from web_admin.operations.stolen_gates import count_stolen_gates
from web_admin.policy import effects
from web_admin.web import rehearsal


def ends_a_lost_card(compound, office):
    person_id = compound.persons["王芳"]
    card = read(compound, lambda s: card_of(s, person_id))
    end = f"/manage/cards/{card}/end"
    fields = hidden_of(office.get(f"/manage/people/{person_id}").text, end) | {"reason": "lost"}
    return (end, fields), lambda s: s.get_one(CredentialRow, card).state == "ended"


def suspends_a_lost_card(compound, office):
    person_id = compound.persons["王芳"]
    card = read(compound, lambda s: card_of(s, person_id))
    stop = f"/manage/cards/{card}/suspend"
    fields = hidden_of(office.get(f"/manage/people/{person_id}").text, stop)
    return (stop, fields), lambda s: s.get_one(CredentialRow, card).state == "suspended"


def suspends_a_person(compound, office):
    person_id = compound.persons["王芳"]
    page = f"/manage/people/{person_id}"
    until = (compound.clock() + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M")
    fields = hidden_of(office.get(page).text, f"{page}/suspend")
    fields |= {"reason": "moved_out", "reference": "", "until": until}
    return (f"{page}/suspend", fields), lambda s: s.get_one(Person, person_id).suspended


def locks_down(compound, office):
    page = office.get("/manage/lockdown").text
    fields = {"csrf_token": csrf_of(page), "once": once_of(page)}
    fields |= {"reason": "Forced entry", "hours": "1", "until": ""}
    return ("/manage/lockdown", fields), lambda s: s.get_one(Lane, "north-in").override_posture == "lockdown"


def gives_up_a_stolen_gate(compound, office):
    north_is_held_back(compound)
    path = "/manage/restored/one"
    fields = hidden_of(office.get("/manage/restored/").text, path) | {"decision": "stolen"}
    return (path, fields), lambda s: s.get_one(Gate, "north").state == "stolen"


def north_is_held_back(compound):
    with compound.act("manager") as act:
        act.session.add(
            RestoreReview(
                review_id="one",
                site_id=compound.site_id,
                kind="gate_here",
                subject_id="north",
                before={},
                after={},
                found_at=act.now,
            )
        )


URGENT = [ends_a_lost_card, suspends_a_lost_card, suspends_a_person, locks_down, gives_up_a_stolen_gate]


def is_done(compound, effect):
    return read(compound, effect)


def fails(*_args):
    raise RuntimeError("the comparison fails")


@pytest.fixture
def office(compound):
    return compound.signed_in("manager")


@pytest.mark.wide
@pytest.mark.parametrize("urgent", URGENT)
def test_an_urgent_act_is_in_effect_though_its_comparison_fails(compound, office, urgent, monkeypatch):
    (path, fields), effect = urgent(compound, office)
    monkeypatch.setattr(effects, "Comparison", fails)
    monkeypatch.setattr(rehearsal, "Comparison", fails)
    assert office.post(path, data=fields).status_code == 303
    assert is_done(compound, effect)


@pytest.mark.wide
@pytest.mark.parametrize("urgent", URGENT)
def test_an_urgent_act_is_in_effect_while_its_comparison_hangs(compound, office, urgent, monkeypatch):
    (path, fields), effect = urgent(compound, office)
    with hanging(monkeypatch) as hangs:
        answer = threading.Thread(target=office.post, args=(path,), kwargs={"data": fields})
        answer.start()
        assert hangs.wait(30)
        assert is_done(compound, effect)
        assert can_write(compound)
    answer.join(30)
    assert not answer.is_alive()


@contextmanager
def hanging(monkeypatch):
    """Keep each comparison from ending within the block; give the event that one has begun."""
    begun, may_end, comparison = threading.Event(), threading.Event(), rehearsal.Comparison

    def hangs(*args):
        begun.set()
        may_end.wait(60)
        return comparison(*args)

    monkeypatch.setattr(effects, "Comparison", hangs)
    monkeypatch.setattr(rehearsal, "Comparison", hangs)
    try:
        yield begun
    finally:
        may_end.set()


def can_write(compound):
    """Return whether a gate's call finds no lock."""
    with compound.app.app_context(), current_menjin().database.session() as session:
        session.get_one(Gate, "east").number += 0
        return True


def kept(compound):
    return read(
        compound, lambda s: sorted({tuple(row) for row in s.execute(select(LockOut.act, LockOut.reason))})
    )


def test_what_an_urgent_act_keeps_out_is_kept_after_it(compound, office):
    (path, fields), _effect = ends_a_lost_card(compound, office)
    assert not is_preview(office.post(path, data=fields))
    assert kept(compound) == [("credential_ended", "lost")]


def test_where_that_cannot_be_worked_out_it_counts_as_a_lock_out(compound, office, monkeypatch):
    (path, fields), _effect = ends_a_lost_card(compound, office)
    monkeypatch.setattr(effects, "Comparison", fails)
    office.post(path, data=fields)
    assert kept(compound) == [("credential_ended", "lost")]


def count(compound):
    with compound.app.app_context():
        return count_stolen_gates(current_menjin(), compound.clock())


def test_whom_a_stolen_gate_keeps_out_is_counted_once_also_after_a_failure(compound, office, monkeypatch):
    pass_on_weekdays(compound, "王芳")
    (path, fields), _effect = gives_up_a_stolen_gate(compound, office)
    asked = kept(compound)
    office.post(path, data=fields)
    assert kept(compound) == asked
    with monkeypatch.context() as broken:
        broken.setattr(counting, "Comparison", fails)
        with pytest.raises(RuntimeError):
            count(compound)
    assert count(compound) == 1, "the others have the east gate yet"
    assert kept(compound) == [("gate_marked", "works"), *asked]
    assert count(compound) == 0
