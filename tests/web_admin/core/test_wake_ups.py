"""Gates are rung when what concerns them is committed, once, and never for what was taken back."""

from collections.abc import Collection

import pytest
from sqlalchemy import text

from gate_controller.contract.bell import wake_up_subject
from web_admin.core.database import Database
from web_admin.core.wake_ups import hear_commits, wake_after_commit


class Rung(list[set[str]]):
    """Gates that were woken, wake-up by wake-up."""

    def __call__(self, subjects: Collection[str]) -> None:
        self.append(set(subjects))


@pytest.fixture
def rung(database: Database) -> Rung:
    made = Rung()
    hear_commits(database.open_session, made)
    return made


def subjects(*gates: str) -> set[str]:
    return {wake_up_subject("s", gate) for gate in gates}


def test_a_commit_rings_all_that_was_noted_together(database: Database, rung: Rung) -> None:
    with database.session() as session:
        session.execute(text("SELECT 1"))
        wake_after_commit(session, "s", ["north"])
        wake_after_commit(session, "s", ["south", "north"])
        assert rung == []
    assert rung == [subjects("north", "south")]


def test_what_is_taken_back_rings_no_gate_now_or_later(database: Database, rung: Rung) -> None:
    with pytest.raises(RuntimeError), database.session() as session:
        session.execute(text("SELECT 1"))
        wake_after_commit(session, "s", ["north"])
        raise RuntimeError
    with database.open_session() as session:
        session.execute(text("SELECT 1"))
        wake_after_commit(session, "s", ["north"])
        session.rollback()
        session.execute(text("SELECT 1"))
        session.commit()
    assert rung == []


def test_a_part_that_ends_within_a_transaction_rings_no_gate_yet(database: Database, rung: Rung) -> None:
    with database.session() as session:
        with session.begin_nested():
            wake_after_commit(session, "s", ["north"])
        with pytest.raises(RuntimeError), session.begin_nested():
            raise RuntimeError
        assert rung == []
    assert rung == [subjects("north")]


def test_a_transaction_that_concerns_no_gate_rings_none(database: Database, rung: Rung) -> None:
    with database.session() as session:
        session.execute(text("SELECT 1"))
        wake_after_commit(session, "s", [])
    assert rung == []
