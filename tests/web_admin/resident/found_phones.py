"""Steps of the finder of an unlocked phone, and what its owner reads of it."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from gate_controller.contract.journal_chain import GENESIS, chain_entry
from tests.support.clock import SetClock
from tests.support.compounds.resident import Compound
from tests.web_admin.resident.pressing import press
from web_admin.messages.models import MailServer
from web_admin.people.gate_verification import verify_by_gate_events

PASSWORD = "set by the finder"
WEAK_PROOF = "/r/password/confirm"


def shown_at_a_gate(compound: Compound, credential_id: str, method: str = "card") -> None:
    """Hand the server a gate's entry: this card or PIN of the first person opened just now."""
    facts = {"lane_id": "north-in", "method": method, "opens": True, "reason": "granted"}
    personal = {"person_id": compound.person_id, "credential_id": credential_id}
    with compound.act("gate", "north") as act:
        verify_by_gate_events(act, [chain_entry(GENESIS, 1, act.now, "access", facts, personal)])


def signs_in_elsewhere(compound: Compound) -> bool:
    elsewhere = compound.app.test_client()
    answer = press(elsewhere, "/r/sign-in", seen_on="/r/sign-in", name="finder", password=PASSWORD)
    return answer.status_code == 303


def sets_password(phone: FlaskClient) -> None:
    press(phone, "/r/password", seen_on="/r/", name="finder", password=PASSWORD)


@pytest.fixture
def found(small_compound: Compound, phone: FlaskClient, clock: SetClock) -> FlaskClient:
    """Return the first person's phone two days after they signed in."""
    with small_compound.session() as session:
        session.add(
            MailServer(
                site_id=small_compound.site_id,
                host="mail.example",
                port=465,
                security="tls",
                username="",
                sender="gates@example.org",
            )
        )
    clock.now += timedelta(days=2)
    return phone
