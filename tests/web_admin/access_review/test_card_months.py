"""Of each card the month of its last use is noted, and nothing finer."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.support.acting import add_lane, household, manager
from web_admin.access_review.card_months import note_card_months, noted_since
from web_admin.access_review.finding import everything_to_confirm
from web_admin.access_review.models import CardMonth
from web_admin.access_review.rules import Kind
from web_admin.action.base import Action
from web_admin.compound.models import Site
from web_admin.core.config import WebConfig
from web_admin.core.database import Database, Menjin
from web_admin.core.effects import NoEffects
from web_admin.core.sealing import Sealer
from web_admin.credentials.actions import end_credential
from web_admin.credentials.cards import issue_card
from web_admin.journal.models import GateEvent
from web_admin.privacy import retention

pytestmark = pytest.mark.both_databases
JUNE = datetime(2026, 6, 20, 4, tzinfo=UTC)


@pytest.fixture
def menjin(sealer: Sealer, site: str, web_config: WebConfig, database: Database, now: datetime) -> Menjin:
    return Menjin(web_config, database, sealer, lambda: now, NoEffects())


@contextmanager
def acting(menjin: Menjin) -> Iterator[Action]:
    with menjin.database.session() as session:
        site_id = session.scalars(select(Site.site_id)).one()
        yield manager(session, menjin.sealer, site_id, menjin.clock(), NoEffects())


@pytest.fixture
def card(menjin: Menjin) -> str:
    with acting(menjin) as act:
        add_lane(act)
        _home, person = household(act)
        return issue_card(act, person.person_id, 77).credential_id


def passage(
    menjin: Menjin, card_id: str, at: datetime, *, seq: int, opens: bool = True, received: datetime
) -> None:
    event = GateEvent(
        gate_id="north",
        journal_id="j",
        seq=seq,
        at=at,
        kind="access",
        lane_id="north-in",
        person_id="someone",
        facts={"method": "card", "reason": "granted", "opens": opens},
        personal={"person_id": "someone", "credential_id": card_id},
        salt=b"s",
        personal_digest=b"",
        previous=b"",
        digest=b"",
        received_at=received,
    )
    with menjin.database.session() as session:
        session.add(event)


def month_of_card(database: Database) -> date:
    with database.session() as session:
        return session.scalars(select(CardMonth.month)).one()


@pytest.mark.wide
def test_a_card_begins_with_the_month_in_which_it_is_first_seen(menjin: Menjin, card: str) -> None:
    assert note_card_months(menjin, JUNE) == 1
    assert month_of_card(menjin.database) == date(2026, 6, 1)
    with menjin.database.session() as session:
        assert noted_since(session) == JUNE
    assert note_card_months(menjin, JUNE + timedelta(minutes=10)) == 0


def test_only_what_opened_moves_the_month_and_only_forward(menjin: Menjin, card: str) -> None:
    note_card_months(menjin, JUNE)
    later = JUNE + timedelta(days=40)
    passage(menjin, card, later, seq=1, opens=False, received=later)
    assert note_card_months(menjin, later) == 0
    passage(menjin, card, later, seq=2, received=later)
    passage(menjin, card, JUNE - timedelta(days=50), seq=3, received=later)  # a gate was long without contact
    assert note_card_months(menjin, later + timedelta(minutes=10)) == 1
    assert month_of_card(menjin.database) == date(2026, 7, 1)


def test_the_month_is_that_of_the_sites_clock(menjin: Menjin, card: str) -> None:
    with acting(menjin) as act:
        act.session.get_one(Site, act.site_id).timezone = "Asia/Shanghai"
    note_card_months(menjin, JUNE)
    last_of_june = datetime(2026, 6, 30, 17, tzinfo=UTC)  # one in the morning of 1 July there
    passage(menjin, card, last_of_june, seq=1, received=last_of_june)
    note_card_months(menjin, last_of_june)
    assert month_of_card(menjin.database) == date(2026, 7, 1)


def test_what_was_stored_while_the_last_time_read_is_read_again(menjin: Menjin, card: str) -> None:
    note_card_months(menjin, JUNE)
    july = JUNE + timedelta(days=30)
    note_card_months(menjin, july)
    passage(menjin, card, july, seq=1, received=july - timedelta(minutes=2))
    assert note_card_months(menjin, july + timedelta(minutes=10)) == 1


def test_a_card_is_listed_once_it_is_unused_for_90_days_and_not_before(menjin: Menjin, card: str) -> None:
    note_card_months(menjin, JUNE)

    def listed(now: datetime) -> list[str]:
        with acting(menjin) as act:
            site = act.session.get_one(Site, act.site_id)
            found = everything_to_confirm(act.session, site, now)
        return [one.subject_id for one in found if one.kind is Kind.CARD]

    assert listed(datetime(2026, 9, 28, 4, tzinfo=UTC)) == []
    assert listed(datetime(2026, 9, 29, 4, tzinfo=UTC)) == [card]


def test_the_month_of_an_ended_card_is_deleted(menjin: Menjin, card: str) -> None:
    note_card_months(menjin, JUNE)
    with acting(menjin) as act:
        end_credential(act, card, "lost")
    assert retention.STEPS["card_months_deleted"](menjin, JUNE) == 1
    assert note_card_months(menjin, JUNE + timedelta(days=1)) == 0
