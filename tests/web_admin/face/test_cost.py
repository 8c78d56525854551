"""What a face costs the database does not grow with the number of gates that hold it."""

import pytest
from sqlalchemy import delete, func, select

from tests.support.compounds.with_gates import add_card, add_gate, add_person
from tests.support.statements import statements_of
from tests.web_admin.policy.published import give_face
from web_admin.action.base import new_action
from web_admin.core.database import Menjin
from web_admin.custody.models import FaceShare, ForgettingRow
from web_admin.custody.shares import end_shares, held_shares
from web_admin.face.actions import withdraw_face
from web_admin.policy.effects import PolicyEffects
from web_admin.policy.publish import publish_policy

pytestmark = pytest.mark.both_databases


@pytest.fixture
def statements_with(web_config, database, sealer, site, now):
    """Let so many gates be there; return how many statements giving a face and withdrawing it take."""
    menjin = Menjin(web_config, database, sealer, lambda: now, PolicyEffects(sealer))

    def take(gates, card):
        with database.session() as session:
            lanes = []
            for number in range(gates):
                add_gate(session, sealer, site, f"{card}-{number}", card + number, ["card", "face"])
                lanes.append(f"{card}-{number}-in")
            person = add_person(session, site, None, lanes, now)
            add_card(session, sealer, person, card, now)
            person_id = person.person_id
            publish_policy(session, sealer, site, now)
        with statements_of(database) as given, database.session() as session:
            give_face(session, sealer, site, session.get_one(type(person), person_id), now)
            publish_policy(session, sealer, site, now, person_ids=[person_id])
        with statements_of(database) as withdrawn, database.session() as session:
            withdraw_face(new_action(menjin, session, site, person_id, "phone", now=now), person_id)
        with database.session() as session:
            assert session.scalar(select(func.count()).select_from(FaceShare)) == 0
            ends = select(func.count()).select_from(ForgettingRow)
            assert session.scalar(ends.where(ForgettingRow.gate_id.startswith(f"{card}-"))) == gates
        return len(given), len(withdrawn)

    return take


@pytest.mark.wide
def test_a_face_takes_as_many_statements_at_two_gates_as_at_twenty(statements_with):
    statements_with(1, 50)  # the first face of a site makes the key for shares
    few = statements_with(2, 100)
    assert statements_with(18, 200) == few


def test_shares_that_another_act_deleted_do_not_end_in_silence(database, sealer, site, now):
    with database.session() as session:
        add_gate(session, sealer, site, "north", 1, ["card", "face"])
        person = add_person(session, site, None, ["north-in"], now)
        give_face(session, sealer, site, person, now)
        shares = held_shares(session)
        session.execute(delete(FaceShare), execution_options={"synchronize_session": False})
        with pytest.raises(RuntimeError, match="of 1 shares that end, 0 were there"):
            end_shares(session, shares, "gate_stolen", now)


def test_a_gate_that_ends_takes_as_many_statements_with_ten_faces_as_with_two(database, sealer, site, now):
    def ends(people, card):
        gate_id = f"gate-{card}"
        with database.session() as session:
            add_gate(session, sealer, site, gate_id, card, ["card", "face"])
            for number in range(people):
                person = add_person(session, site, None, [f"{gate_id}-in"], now)
                add_card(session, sealer, person, card + number, now)
                give_face(session, sealer, site, person, now)
        of_gate = select(FaceShare).where(FaceShare.gate_id == gate_id)
        with database.session() as session:
            shares = held_shares(session, FaceShare.gate_id == gate_id)
            assert len(shares) == people
            with statements_of(database) as seen:
                end_shares(session, shares, "gate_stolen", now)
        with database.session() as session:
            assert session.scalars(of_gate).all() == []
        return len(seen)

    ends(1, 50)
    assert ends(10, 200) == ends(2, 100)
