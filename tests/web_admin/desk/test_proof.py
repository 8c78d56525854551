"""Proofs at the desk, and visits."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests.support.compounds.desk import (
    card_of,
    press,
    read,
    served_with_card,
    show_at_a_gate,
    tap,
    use_before_today,
)
from tests.web_admin.desk.visits import entries
from web_admin.action.base import new_action
from web_admin.compound.models import Gate, Site
from web_admin.core.database import current_menjin
from web_admin.core.refusal import ActionRefused
from web_admin.desk.actions import answer_by_phone, prove_by_gate
from web_admin.desk.models import DeskVisitRow
from web_admin.desk.visits import visit_in_progress
from web_admin.journal.models import GateEvent
from web_admin.privacy.retention import STEPS


def first_showing(session):
    of_visit = GateEvent.journal_id.startswith("shown")
    return session.scalars(select(GateEvent).where(of_visit).order_by(GateEvent.seq)).first()


def gate_is_copied(session, now):
    session.get_one(Gate, "north").forked_at = now


def one_was_at_another_lane(session, _now):
    first_showing(session).lane_id = "north-out"


def one_arrived_before(session, now):
    first_showing(session).received_at = now - timedelta(seconds=1)


def came_too_late(session, now):
    session.scalars(select(DeskVisitRow)).one().opened_at = now - timedelta(minutes=5)


def is_shown(_session, _now):
    pass


CHANGES = [
    (gate_is_copied, False),
    (one_was_at_another_lane, False),
    (one_arrived_before, False),
    (came_too_late, False),
    (is_shown, True),
]


@pytest.fixture
def begun(compound):
    """A compound in which a guard has begun to serve 王芳 with their card."""
    use_before_today(compound.app)
    tap(compound.signed_in("guard"))
    return compound


def acting(compound, session, actor_id="tests", channel="system"):
    return new_action(current_menjin(), session, compound.site_id, actor_id, channel, now=compound.clock())


@pytest.mark.parametrize(("change", "is_proved"), CHANGES)
def test_three_showings_at_one_trusted_lane_in_time_prove_presence(begun, change, is_proved):
    show_at_a_gate(begun.app)

    def proves(session):
        change(session, begun.clock())
        session.flush()
        return prove_by_gate(acting(begun, session), session.scalars(select(DeskVisitRow)).one())

    assert read(begun, proves) is is_proved


def test_no_other_persons_phone_answers(begun):
    def answers(session):
        visit = session.scalars(select(DeskVisitRow)).one()
        answer_by_phone(acting(begun, session, begun.persons["林薇"], "phone"), visit.visit_id, is_there=True)

    with pytest.raises(ActionRefused, match="does not ask any more"):
        read(begun, answers)


def test_no_other_account_goes_on_with_a_visit(begun):
    def found(session, other):
        visit, site = session.scalars(select(DeskVisitRow)).one(), session.get_one(Site, begun.site_id)
        return visit_in_progress(session, site, visit.visit_id, visit.account_id + other) is not None

    assert [read(begun, lambda session, other=other: found(session, other)) for other in (0, 1)] == [
        True,
        False,
    ]


@pytest.fixture
def wang(compound):
    return compound.persons["王芳"]


# -- what is done in it ----------------------------------------------------------------------------


@pytest.mark.wide
def test_what_is_done_is_the_persons_and_names_the_account_that_helped(compound, wang):
    client = compound.signed_in("guard")
    served_with_card(client)
    fresh = press(client, "/r/", "/r/ways/pin", on="1")
    assert fresh.status_code == 200
    assert "data-pin" in fresh.text
    (issued,) = entries(compound, "pin_issued")
    assert issued.person_id == wang
    assert issued.facts["assisted"] is True
    assert issued.facts["channel"] == "desk"
    assert str(issued.facts["actor_id"]).startswith("staff-")


@pytest.mark.wide
def test_the_person_reads_who_helped_them_and_what_was_done(compound, wang):
    client = compound.signed_in("guard")
    served_with_card(client)
    card = read(compound, lambda s: card_of(s, wang))
    press(client, "/r/", f"/r/cards/{card}/suspend")
    page = client.get("/r/records").text
    assert "Help at the desk" in page
    assert "card or phone suspended" in page
    assert "opened with your card and proved at a gate" in page
    exported = client.get("/r/records/export.json").json["helped_at_the_desk"]
    assert [(visit["by"], visit["opened_with"]) for visit in exported] == [("guard", "card")]
    assert "credential_suspended" in exported[0]["acts"]


def test_visits_are_forgotten_with_the_log(compound, web_config):
    client = compound.signed_in("guard")
    served_with_card(client)
    with compound.app.app_context():
        menjin = current_menjin()
        later = compound.clock() + timedelta(days=menjin.config.log_days, minutes=1)
        assert STEPS["desk_visits_deleted"](menjin, compound.clock()) == 0
        assert STEPS["desk_visits_deleted"](menjin, later) == 1
    assert read(compound, lambda s: s.scalar(select(func.count()).select_from(DeskVisitRow))) == 0
