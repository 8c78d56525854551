"""API of cards. A number goes in and never comes out."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from gate_controller.contract.records import CredentialKind
from web_admin.action.base import record
from web_admin.api.access import (
    acting,
    api_action,
    blueprint,
    check_card_misses,
    found_or_404,
    needs_scope,
    note_card_hit,
    refuse,
    short_transaction,
)
from web_admin.api.schemas import CardEnd, CardOut, CardQuery, CardsOut, CardSuspend, NewCard
from web_admin.compound.models import CredentialRow, Person
from web_admin.core.refusal import ActionRefused
from web_admin.core.sealing import card_lookup
from web_admin.credentials.actions import end_credential, resume_credential, suspend_credential
from web_admin.credentials.cards import canonical_card, issue_card, parse_card_number
from web_admin.credentials.last_way_in import LastWayIn
from web_admin.credentials.queries import cards_of_person, cards_with_number
from web_admin.web.site import current_site

bp = blueprint("cards", "Cards and tags.")

NOT_FOUND = "There is no such card or person."
TAKEN_OR_LAST = (
    "The Idempotency-Key was used; or `last_way_in`: the person has no other way in that needs no face. "
    "Give a new card first."
)


@bp.get("/cards")
@needs_scope("cards:read")
@bp.arguments(CardQuery, location="query")
@bp.response(200, CardsOut)
def find_card(query: dict[str, str]) -> dict[str, object]:
    """Say whose a card is, by the number that is printed on it; its holder reads that this key asked."""
    act = api_action()
    try:
        number = canonical_card(parse_card_number(query["number"]), current_site())
    except ActionRefused as err:
        refuse(422, str(err), errors={"query": {"number": [str(err)]}})
    check_card_misses()
    rows = cards_with_number(act.session, act.site_id, card_lookup(act.sealer, number))
    if rows:
        note_card_hit()
    for row in rows:
        with short_transaction() as session:
            record(
                replace(act, session=session),
                "card_looked_up",
                {"credential_id": row.credential_id, "role": "system"},
                person_id=row.person_id,
            )
    return {"cards": [_shown(row) for row in rows]}


@bp.get("/people/<person_id>/cards")
@needs_scope("cards:read")
@bp.response(200, CardsOut)
@bp.alt_response(404, description=NOT_FOUND)
def list_cards(person_id: str) -> dict[str, object]:
    """List a person's cards, those that have ended too."""
    found_or_404(Person, person_id)
    rows = cards_of_person(api_action().session, person_id)
    return {"cards": [_shown(row) for row in rows]}


@bp.post("/people/<person_id>/cards")
@needs_scope("cards:write")
@bp.arguments(NewCard)
@bp.response(201, CardOut)
@bp.alt_response(404, description=NOT_FOUND)
@bp.alt_response(409, description="The Idempotency-Key was used.")
def give_card(body: dict[str, object], person_id: str) -> dict[str, object]:
    """Give a card to a person; refused while somebody holds it."""
    found_or_404(Person, person_id)
    with acting() as act:
        return _shown(
            issue_card(
                act,
                person_id,
                parse_card_number(str(body["number"])),
                label=str(body["label"]),
                valid_from=body["valid_from"],  # type: ignore[arg-type]  # the schema makes aware times or None
                valid_until=body["valid_until"],  # type: ignore[arg-type]  # likewise
            )
        )


@bp.post("/cards/<card_id>/suspend")
@needs_scope("cards:write")
@bp.arguments(CardSuspend)
@bp.response(200, CardOut)
@bp.alt_response(404, description=NOT_FOUND)
@bp.alt_response(409, description=TAKEN_OR_LAST)
@bp.alt_response(422, description="The card has ended, or the reason is not of the list.")
def suspend_card(body: dict[str, str], card_id: str) -> dict[str, object]:
    """Let a card open nothing until it is resumed; its holder reads why. A debt is no reason."""
    row = _card(card_id)
    with acting() as act, last_way_kept():
        suspend_credential(act, card_id, body["reason"])
    return _shown(row)


@bp.post("/cards/<card_id>/resume")
@needs_scope("cards:write")
@bp.response(200, CardOut)
@bp.alt_response(404, description=NOT_FOUND)
@bp.alt_response(409, description="The Idempotency-Key was used.")
@bp.alt_response(422, description="The card has ended.")
def resume_card(card_id: str) -> dict[str, object]:
    """Let a suspended card open again."""
    row = _card(card_id)
    with acting() as act:
        resume_credential(act, card_id)
    return _shown(row)


@bp.post("/cards/<card_id>/end")
@needs_scope("cards:write")
@bp.arguments(CardEnd)
@bp.response(200, CardOut)
@bp.alt_response(404, description=NOT_FOUND)
@bp.alt_response(409, description=TAKEN_OR_LAST)
def end_card(body: dict[str, str], card_id: str) -> dict[str, object]:
    """End a card for good; it may be given to somebody else afterwards."""
    row = _card(card_id)
    with acting() as act, last_way_kept():
        end_credential(act, card_id, body["reason"])
    return _shown(row)


@contextmanager
def last_way_kept() -> Iterator[None]:
    """Answer 409 where the last way in that needs no face would go, with what is possible instead."""
    try:
        yield
    except LastWayIn as err:
        refuse(409, "last_way_in", errors={"last_way_in": [str(err)]})


def _card(card_id: str) -> CredentialRow:
    row = found_or_404(CredentialRow, card_id)
    if row.kind != CredentialKind.CARD:
        refuse(404, NOT_FOUND)
    return row


def _shown(row: CredentialRow) -> dict[str, object]:
    return {
        "card_id": row.credential_id,
        "person_id": row.person_id,
        "label": row.label,
        "state": row.state,
        "valid_from": row.valid_from,
        "valid_until": row.valid_until,
        "created_at": row.created_at,
        "ended_at": row.ended_at,
    }
