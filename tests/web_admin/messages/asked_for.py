"""A resident's subscription, and all that messages are sent for."""

import pytest
from flask.testing import FlaskClient

from tests.support.compounds.counted_tries import forget_tries
from tests.support.compounds.resident import Compound
from tests.web_admin.resident.addresses import PAGE
from tests.web_admin.resident.pressing import press
from web_admin.action.base import record
from web_admin.credentials.actions import end_credential, suspend_credential
from web_admin.credentials.pins import issue_duress_pin
from web_admin.messages.models import MailServer


def name(phone: FlaskClient, compound: Compound, address: str) -> int:
    """Have a code sent to an address, whatever was tried before in these minutes."""
    forget_tries(compound.app)
    return press(phone, f"{PAGE}/address", seen_on=PAGE, address=address).status_code


def everything_happens(compound: Compound) -> None:
    """Do all that a message could be about, and more that none is ever about."""
    with compound.act("manager") as act:
        suspend_credential(act, compound.card_id)
        end_credential(act, compound.card_id, "lost")
        suspend_credential(act, compound.neighbour_card_id)
        record(act, "named_lookup", {"role": "manager"}, person_id=compound.person_id)
        record(act, "named_lookup", {"role": "manager"}, person_id=compound.neighbour_id)
        issue_duress_pin(act, compound.person_id)


def everything_happens_to_look(compound: Compound) -> None:
    with compound.act("manager") as act:
        record(act, "named_lookup", {"role": "guard"}, person_id=compound.person_id)


@pytest.fixture
def mail(small_compound: Compound) -> Compound:
    """Return the compound with a mail server set up."""
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
    return small_compound
