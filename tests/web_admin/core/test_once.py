"""A form's token is claimed once, in the transaction of its work."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from web_admin.core.once import KEPT_FOR, FormOnce, claimed_before

pytestmark = pytest.mark.both_databases


def test_the_second_claim_of_a_token_is_noticed_and_another_token_is_free(database, now):
    with database.session() as session:
        assert [claimed_before(session, token, now) for token in ("a", "a", "b")] == [False, True, False]


def test_work_that_is_undone_frees_its_token(database, now):
    with pytest.raises(KeyError), database.session() as session:
        assert not claimed_before(session, "a", now)
        raise KeyError
    with database.session() as session:
        assert not claimed_before(session, "a", now)


def test_a_refused_claim_keeps_the_rest_of_its_transaction(database, now):
    with database.session() as session:
        claimed_before(session, "a", now)
    with database.session() as session:
        claimed_before(session, "b", now)
        assert claimed_before(session, "a", now)
    with database.session() as session:
        assert set(session.scalars(select(FormOnce.token))) == {"a", "b"}


def test_a_token_is_forgotten_after_two_days(database, now):
    with database.session() as session:
        claimed_before(session, "a", now)
        assert claimed_before(session, "a", now + KEPT_FOR)
        assert not claimed_before(session, "a", now + KEPT_FOR + timedelta(seconds=1))
