"""A message address that a resident proves."""

import re

from flask.testing import FlaskClient
from sqlalchemy import select

from tests.support.compounds.resident import Compound
from tests.web_admin.resident.pressing import press
from web_admin.messages.models import OutboxMessage
from web_admin.messages.subscriptions import RESIDENT_MESSAGE

ADDRESS = "lin@example.org"

PAGE = "/r/messages"


def sent(compound: Compound) -> list[tuple[str, str, str]]:
    """Return channel, target and text of what waits to go out, oldest first."""
    with compound.session() as session:
        query = select(OutboxMessage).where(OutboxMessage.kind == RESIDENT_MESSAGE)
        rows = session.scalars(query.order_by(OutboxMessage.created_at, OutboxMessage.message_id)).all()
        return [(row.channel, row.target, str(row.body["text"])) for row in rows]


def forget_sent(compound: Compound) -> None:
    with compound.session() as session:
        for row in session.scalars(select(OutboxMessage)):
            session.delete(row)


def code_in(compound: Compound) -> str:
    """Return the newest code that waits to go out; a message of the same moment may have none."""
    texts = [text for _channel, _target, text in sent(compound)]
    return [code for text in texts for code in re.findall(r"[0-9]{8}", text)][-1]


def proved(phone: FlaskClient, compound: Compound, *kinds: str) -> None:
    """Name and prove an address, switch these messages on, and forget the code's mail."""
    press(phone, f"{PAGE}/address", seen_on=PAGE, address=ADDRESS)
    press(phone, f"{PAGE}/code", seen_on=PAGE, code=code_in(compound))
    choose(phone, *kinds)
    forget_sent(compound)


def choose(phone: FlaskClient, *kinds: str) -> None:
    token = re.findall(r'name="csrf_token" value="([^"]+)"', phone.get(PAGE).text)[0]
    assert phone.post(f"{PAGE}/kinds", data={"csrf_token": token, "kinds": list(kinds)}).location == PAGE
