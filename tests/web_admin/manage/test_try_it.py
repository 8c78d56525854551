"""Try it: the gate's answer and reason for a person, a way, a lane and a time; nothing opens."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests.web_admin.manage.forms import Rows, local, send
from web_admin.compound.models import Gate, Hours
from web_admin.compound.policy_models import OrderRow
from web_admin.journal.models import AuditEntry, GateEvent


@pytest.fixture
def rows(compound):
    return Rows(compound)


@pytest.fixture
def tries(compound):
    def ask(role="manager", days=0, **fields):
        person_id = compound.persons["王芳"]
        asked = {
            "person_id": person_id,
            "lane_id": "north-in",
            "method": "card",
            "at": local(compound.clock() + timedelta(days=days)),
            "reason": "she asks why",
        }
        return send(compound.signed_in(role), f"/manage/try?person={person_id}", **(asked | fields))

    return ask


def test_a_try_opens_nothing_writes_no_entry_at_the_gate_and_is_a_look_that_the_person_reads(
    compound, rows, tries
):
    def counts(session):
        return [session.scalar(select(func.count()).select_from(table)) for table in (GateEvent, OrderRow)]

    before = rows(counts)
    answer = tries("guard")
    assert answer.status_code == 200
    assert "The gate would open" in answer.text
    assert rows(counts) == before
    entry = rows(lambda s: s.scalars(select(AuditEntry).where(AuditEntry.kind == "named_lookup")).one())
    assert (entry.person_id, entry.personal["reason"], entry.facts["role"], entry.facts["what"]) == (
        compound.persons["王芳"],
        "she asks why",
        "guard",
        "access",
    )


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"reason": ""}, "A reason is needed."),
        ({"reason": "x"}, "Write the reason in a few words."),
        ({"at": "yesterday"}, "Not a valid"),
        ({"lane_id": "nowhere"}, "Not a valid choice"),
        ({"person_id": "nobody"}, "Not a valid choice"),
        ({"method": "magic"}, "Not a valid choice"),
        ({"lane_id": "garage-in"}, "This gate has no controller yet."),
    ],
)
def test_a_question_that_makes_no_sense_gets_its_sentence_and_no_entry(rows, tries, fields, sentence):
    answer = tries(**fields)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert rows(lambda s: s.scalars(select(AuditEntry).where(AuditEntry.kind == "named_lookup")).all()) == []


def test_the_answer_says_why_and_what_to_do(tries):
    answer = tries(method="face").text
    assert "The gate would stay shut" in answer
    assert "method_not_offered" in answer
    assert "Use another way in; the gate's screen shows which it takes." in answer


def test_a_silent_gates_policy_grows_too_old_and_the_answer_says_which_version_it_knows(
    compound, rows, tries
):
    def fall_silent(session):
        hours = session.scalars(select(Hours)).one()
        hours.spans = [
            {
                "days": [*("mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday")],
                "from_minute": 0,
                "until_minute": 1440,
            }
        ]
        session.get_one(Gate, "north").last_seen_at = compound.clock() - timedelta(days=29)

    rows(fall_silent)
    # A code is bound to the time, a card is not.
    assert "policy_too_old" not in tries(method="card", days=3).text
    answer = tries(method="card").text
    assert "knows" in answer
    assert "北门 · 进" in answer
