"""Read, issue and look up cards."""

import re
import unicodedata
from datetime import datetime

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from gate_controller.contract.credential_kinds import has_ended_by_time
from gate_controller.contract.records import CredentialKind
from web_admin.action.base import Action, begin, checked_label, checked_window, new_id, own_person_id
from web_admin.action.lookups import person_of
from web_admin.compound.age_bands import CHILD
from web_admin.compound.models import CredentialRow, Person, Site
from web_admin.compound.own_credentials import GUARDIAN
from web_admin.core.refusal import ActionRefused
from web_admin.core.sealing import card_lookup, seal_card_number
from web_admin.credentials.child_agreements import refuse_without_agreement
from web_admin.credentials.lifecycle import add_credential, end_one, live_credentials

MAX_CARD_NUMBER = 2**32 - 1
MAX_CARDS = 10


def parse_card_number(text: str) -> int:
    """Return the number printed on a card: decimal, hex (0x…, A1:B2:…) or facility and number (123,45678).

    Raises ActionRefused when the text is none of these or outside 1 … 2³² - 1.
    """
    plain = unicodedata.normalize("NFKC", text).strip().upper()
    pair = re.fullmatch(r"(\d{1,3})\s*[,/]\s*(\d{1,5})", plain)
    joined = re.sub(r"(?<=[0-9A-F])[ :-](?=[0-9A-F])", "", plain)
    if pair is not None:
        facility, number = int(pair[1]), int(pair[2])
        value = facility << 16 | number if facility < 2**8 and number < 2**16 else 0
    elif re.fullmatch(r"\d{1,10}", joined) and ":" not in plain:
        value = int(joined)
    elif re.fullmatch(r"(0X)?[0-9A-F]{1,8}", joined):
        value = int(joined, 16)  # with 0X or without
    else:
        value = 0
    if not 1 <= value <= MAX_CARD_NUMBER:
        raise ActionRefused(
            "number",
            _("This is not a card number. Type the digits printed on the card, or hold it to a desk reader."),
        )
    return value


def canonical_card(number: int, site: Site) -> int:
    """Return the form in which every reader of the site reads the card."""
    if not 1 <= number <= MAX_CARD_NUMBER:
        raise ActionRefused("number", _("A card number is between 1 and 4294967295."))
    canonical = number & ((1 << site.card_bits) - 1)
    if canonical == 0:
        raise ActionRefused("number", _("The readers here cannot recognise this card. Use another one."))
    return canonical


def issue_card(
    act: Action,
    person_id: str,
    number: int,
    *,
    label: str = "",
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
) -> CredentialRow:
    """Bind a card to a person; raise ActionRefused when it is bound already.

    For a child under 14 a guardian has to have agreed.
    """
    site = begin(act)
    person = person_of(act, person_id)
    refuse_without_agreement(act, person)
    checked_window(valid_from, valid_until, act.now)
    canonical = canonical_card(number, site)
    lookup = card_lookup(act.sealer, canonical)
    freed = _free_card(act, lookup)
    if len(live_credentials(act, person_id, CredentialKind.CARD)) >= MAX_CARDS:
        raise ActionRefused(
            "number", _("This person has ten cards. End one that is not used any more first.")
        )
    card = CredentialRow(
        credential_id=new_id(),
        person_id=person_id,
        kind=CredentialKind.CARD,
        label=checked_label(label),
        lookup=lookup,
        secret_sealed=seal_card_number(act.sealer, canonical),
        valid_from=valid_from,
        valid_until=valid_until,
        created_at=act.now,
        seen_by=GUARDIAN if person.age_band == CHILD else None,
        in_hand=own_person_id(act) == person_id,
    )
    return add_credential(act, person, card, "card_issued", also_touches=freed)


def _free_card(act: Action, lookup: bytes) -> list[str]:
    """Refuse a card that is live; end one that has expired and return whose it was.

    So two cards that have not ended never share a number.
    """
    holders = act.session.scalars(
        select(CredentialRow)
        .join(Person)
        .where(
            Person.site_id == act.site_id,
            CredentialRow.kind == CredentialKind.CARD,
            CredentialRow.lookup == lookup,
            CredentialRow.state != "ended",
        )
    ).all()
    freed = []
    for card in holders:
        if has_ended_by_time(card, act.now):
            end_one(act, card, "expired")
            freed.append(card.person_id)
            continue
        home = card.person.home
        if act.channel in ("manager", "desk", "api") and home is not None:
            raise ActionRefused(
                "number",
                _(
                    "Home %(home)s holds this card already. End it there first, or use another card.",
                    home=home.number,
                ),
            )
        raise ActionRefused("number", _("This card is in use already. Use another card."))
    return freed
