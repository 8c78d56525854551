"""A compound with a desk: staff who serve, a resident with a card, a PIN and a duress PIN."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from tests.support.compounds.managed import ManagedCompound
from tests.support.compounds.resident import csrf_of
from web_admin.action.base import new_action
from web_admin.compound.models import CredentialRow
from web_admin.core.database import current_menjin
from web_admin.credentials.pins import issue_duress_pin, issue_pin
from web_admin.desk.models import DeskVisitRow
from web_admin.journal.models import GateEvent

CARD_OF_WANG = "4200005"  # the sixth of the compound's people
CARD_OF_LIN = "4200000"

T = TypeVar("T")


@dataclass
class Pins:
    usual: str
    duress: str


def give_pins(compound: ManagedCompound, name: str = "王芳") -> Pins:
    """Give a person a PIN and a duress PIN."""
    with compound.app.app_context(), current_menjin().database.session() as session:
        act = new_action(
            current_menjin(), session, compound.site_id, "tests", "manager", now=compound.clock()
        )
        return Pins(issue_pin(act, compound.persons[name]), issue_duress_pin(act, compound.persons[name]))


def read(compound: ManagedCompound, work: Callable[[Session], T]) -> T:
    """Return what a piece of work reads from the database."""
    with compound.app.app_context(), current_menjin().database.session() as session:
        return work(session)


def card_of(session: Session, person_id: str) -> str:
    return session.scalars(
        select(CredentialRow.credential_id).where(
            CredentialRow.person_id == person_id, CredentialRow.kind == "card"
        )
    ).one()


def hidden_of(html: str, action: str) -> dict[str, str]:
    """Return the hidden fields of the form that posts to an address."""
    form = re.search(rf'<form[^>]*action="{re.escape(action)}".*?</form>', html, re.DOTALL)
    assert form is not None, action
    return dict(re.findall(r'<input[^>]*name="([^"]+)" type="hidden" value="([^"]*)"', form[0])) | dict(
        re.findall(r'<input[^>]*type="hidden" name="([^"]+)" value="([^"]*)"', form[0])
    )


def press(client: FlaskClient, page: str, action: str, **typed: str) -> TestResponse:
    """Open a page and send one of its forms with what was typed."""
    shown = client.get(page)
    assert shown.status_code == 200, (page, shown.status_code)
    return client.post(action, data=hidden_of(shown.text, action) | typed)


def tap(client: FlaskClient, card: str = CARD_OF_WANG) -> TestResponse:
    """Hold a card to the desk reader, which begins a visit and shows nothing."""
    return press(client, _fresh(client), "/manage/desk/card", number=card)


def type_pin(client: FlaskClient, home: str, pin: str) -> TestResponse:
    """Type a home number and a PIN at the desk, which begins a visit and shows nothing."""
    return press(client, _fresh(client), "/manage/desk/pin", home=home, pin=pin)


def _fresh(client: FlaskClient) -> str:
    """Return the desk's page after what was begun there is put away."""
    if "/manage/desk/proof" in client.get("/manage/desk").text:
        press(client, "/manage/desk", "/manage/desk/end")
    return "/manage/desk"


def use_before_today(app: Flask) -> None:
    """Make every card and PIN two days old and used at a gate, so that it proves its person."""
    with app.app_context(), current_menjin().database.session() as session:
        used_at = current_menjin().clock() - timedelta(days=2)
        kept = select(CredentialRow).where(CredentialRow.kind.in_(("card", "pin")))
        for row in session.scalars(kept):
            row.created_at = used_at - timedelta(minutes=1)
            session.merge(_passage(f"used-{row.credential_id}", 1, "north", row, used_at))


def _passage(journal_id: str, seq: int, gate_id: str, shown: CredentialRow, at: datetime) -> GateEvent:
    lane_id = f"{gate_id}-in"
    return GateEvent(
        journal_id=journal_id,
        gate_id=gate_id,
        seq=seq,
        kind="access",
        lane_id=lane_id,
        at=at,
        received_at=at,
        person_id=shown.person_id,
        facts={"method": shown.kind, "opens": True, "reason": "granted", "lane_id": lane_id},
        personal={"person_id": shown.person_id, "credential_id": shown.credential_id},
        salt=b"s",
        personal_digest=bytes(32),
        previous=bytes(32),
        digest=bytes(32),
    )


def show_at_a_gate(app: Flask, *, times: int = 3, gate_id: str = "north") -> None:
    """Show what the newest visit began with at a gate, as its journal then says."""
    with app.app_context(), current_menjin().database.session() as session:
        now = current_menjin().clock()
        visit = session.scalars(
            select(DeskVisitRow)
            .where(DeskVisitRow.ended_at.is_(None), DeskVisitRow.proved_at.is_(None))
            .order_by(DeskVisitRow.opened_at.desc())
        ).first()
        if visit is None or visit.person_id is None:
            return
        shown = session.get_one(CredentialRow, visit.credential_id)
        for seq in range(1, times + 1):
            at = now + timedelta(seconds=2 * (seq - times))
            passage = _passage(f"shown-{visit.visit_id[:8]}-{times}", seq, gate_id, shown, at)
            passage.received_at = now
            session.add(passage)


def look_for_proof(client: FlaskClient) -> TestResponse:
    """Press the button that checks whether a gate or the phone has reported it."""
    return client.post("/manage/desk/proof", data={"csrf_token": token_of(client)})


def served_with_card(client: FlaskClient, card: str = CARD_OF_WANG) -> TestResponse:
    """Open a visit: the card at the desk, then three times at a gate."""
    use_before_today(client.application)
    tap(client, card)
    show_at_a_gate(client.application)
    return look_for_proof(client)


def served_with_pin(client: FlaskClient, home: str, pin: str) -> TestResponse:
    """Open a visit: home number and PIN at the desk, then three times at a gate."""
    use_before_today(client.application)
    type_pin(client, home, pin)
    show_at_a_gate(client.application)
    return look_for_proof(client)


def token_of(client: FlaskClient, page: str = "/manage/desk") -> str:
    return csrf_of(client.get(page).text)
