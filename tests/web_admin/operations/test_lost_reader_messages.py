"""Recipients of a message about a gate whose reader is lost, and when none goes out."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from gate_controller.contract.event_kinds import EventKind
from tests.support.clock import SetClock
from tests.support.compounds.resident import Compound
from web_admin.alarms.actions import raise_alarm
from web_admin.compound.models import GrantRow
from web_admin.core.database import current_menjin
from web_admin.journal.models import GateEvent
from web_admin.messages.models import MailServer, OutboxMessage
from web_admin.messages.subscription_models import NotificationSubscription
from web_admin.messages.subscriptions import RESIDENT_MESSAGE, TEXTS
from web_admin.operations.lost_reader_messages import notify_of_lost_readers

HOUR = timedelta(hours=1)


# -- messages ----------------------------------------------------------------------------------------


def subscribe(compound: Compound, person_id: str, *kinds: str) -> None:
    with compound.session() as session:
        if session.get(MailServer, compound.site_id) is None:
            session.add(
                MailServer(
                    site_id=compound.site_id,
                    host="mail.example",
                    port=465,
                    security="tls",
                    username="",
                    sender="gates@example.org",
                )
            )
        session.add(
            NotificationSubscription(
                person_id=person_id,
                channel="mail",
                address=f"{person_id[:4]}@example.org",
                kinds=list(kinds),
                confirmed_at=compound.clock(),
            )
        )


def the_last_reader_is_lost(compound: Compound, at: datetime) -> None:
    with compound.session() as session:
        kind = EventKind.ALARM_LAST_READER_LOST
        raise_alarm(session, compound.site_id, kind, at, gate_id="north", lane_id="north-in")


def notified(compound: Compound) -> Sequence[str]:
    with compound.app.app_context():
        notify_of_lost_readers(current_menjin(), compound.clock())
    with compound.session() as session:
        sent = session.scalars(select(OutboxMessage).where(OutboxMessage.kind == RESIDENT_MESSAGE)).all()
        return [f"{row.target}: {row.body['text']}" for row in sent]


@pytest.mark.wide
def test_subscribers_get_one_message_after_an_hour(
    small_compound: Compound, phone: FlaskClient, clock: SetClock
) -> None:
    subscribe(small_compound, small_compound.person_id, "reader_lost")
    subscribe(small_compound, small_compound.neighbour_id, "looked_at")
    the_last_reader_is_lost(small_compound, clock.now)
    clock.now += HOUR - timedelta(minutes=1)
    assert notified(small_compound) == []
    clock.now += timedelta(minutes=2)
    one = [f"{small_compound.person_id[:4]}@example.org: {TEXTS['reader_lost']}"]
    assert notified(small_compound) == one
    clock.now += 5 * HOUR
    assert notified(small_compound) == one


def test_whose_right_to_the_lane_has_ended_gets_no_message(
    small_compound: Compound, phone: FlaskClient, clock: SetClock
) -> None:
    subscribe(small_compound, small_compound.person_id, "reader_lost")
    with small_compound.session() as session:
        for grant in session.scalars(select(GrantRow).where(GrantRow.person_id == small_compound.person_id)):
            grant.valid_until = clock.now + HOUR
    the_last_reader_is_lost(small_compound, clock.now)
    clock.now += 2 * HOUR
    assert notified(small_compound) == []


def test_of_readers_that_were_mended_within_the_hour_no_message_goes_out(
    small_compound: Compound, phone: FlaskClient, clock: SetClock
) -> None:
    subscribe(small_compound, small_compound.person_id, "reader_lost")
    the_last_reader_is_lost(small_compound, clock.now)
    with small_compound.session() as session:
        session.add(
            GateEvent(
                gate_id="north",
                journal_id="north.1",
                seq=900,
                at=clock.now + timedelta(minutes=5),
                kind="last_reader_clear",
                lane_id="north-in",
                facts={"lane_id": "north-in"},
                personal={},
                received_at=clock.now,
                personal_digest=bytes(32),
                previous=bytes(32),
                digest=bytes(32),
            )
        )
    clock.now += 3 * HOUR
    assert notified(small_compound) == []
