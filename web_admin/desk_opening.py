"""Serve a person at the desk: opened by their own card or PIN, short, and theirs to look up later.

Staff never choose a name. A duress PIN opens like the usual one, as at a gate, and calls for help in
silence: whoever stands beside the person must not learn which of the two it was.
"""

import hmac
from datetime import datetime

from flask_babel import lazy_gettext as _
from sqlalchemy import func, select

from gate_controller.pins import PIN_DIGITS, UNKNOWN_HOME_SALT, argon2_tag
from gate_controller.policy import typed_number
from web_admin.acts import Act, ActRefused, begin, new_id, record
from web_admin.alarms import raise_alarm
from web_admin.desk_models import HOME_PIN, DeskVisitRow
from web_admin.desk_visits import end_visits
from web_admin.homes_and_people import confirm_identity
from web_admin.models import CredentialRow, Home, Person
from web_admin.sealing import card_lookup, open_pin_tag

DURESS_AT_DESK = "alarm_duress_at_desk"


def open_by_card(act: Act, account_id: int, role: str, number: int) -> DeskVisitRow | None:
    """Open a visit for the holder of a card that works; None, written down, for any other card.

    `number` is the site's own number of the card.
    """
    begin(act)
    card = _working_card(act, number)
    if card is None:
        record(act, "desk_refused", {"by": "card"})
        return None
    return _open(act, account_id, role, card)


def open_by_pin(act: Act, account_id: int, role: str, home_number: str, pin: str) -> DeskVisitRow | None:
    """Open a visit for whose PIN this is; None, written down, for any other digits or home."""
    begin(act)
    home = _home_typed(act, home_number)
    if not (pin.isdecimal() and len(pin) == PIN_DIGITS):
        raise ActRefused("pin", _("A PIN has six digits."))
    # An unknown home costs the same.
    tag = argon2_tag(pin, home.pin_salt if home is not None else UNKNOWN_HOME_SALT)
    found = _pin_of_home(act, home, tag) if home is not None else None
    if found is None:
        record(act, "desk_refused", {"by": "pin", "home_id": home.home_id if home is not None else None})
        return None
    return _open(act, account_id, role, found)


def _open(act: Act, account_id: int, role: str, shown: CredentialRow) -> DeskVisitRow:
    person = shown.person
    end_visits(act, account_id, "another")
    visit = DeskVisitRow(
        visit_id=new_id() + new_id(), site_id=act.site_id, account_id=account_id, role=role,
        person_id=person.person_id, opened_by=HOME_PIN if shown.known_to_home else shown.kind,
        opened_at=act.now,
    )
    act.session.add(visit)
    record(act, "desk_opened", {"visit_id": visit.visit_id, "by": shown.kind}, person_id=person.person_id)
    if shown.duress:
        # Of no person, like everything about a duress PIN: the person's own page lists the rest.
        record(act, DURESS_AT_DESK, {"visit_id": visit.visit_id})
        raise_alarm(act.session, act.site_id, DURESS_AT_DESK, act.now)
    elif person.phone_unproven is not None and not shown.known_to_home:
        confirm_identity(act, person.person_id)
    return visit


def _working_card(act: Act, number: int) -> CredentialRow | None:
    rows = act.session.scalars(
        select(CredentialRow)
        .join(Person, Person.person_id == CredentialRow.person_id)
        .where(
            CredentialRow.lookup == card_lookup(act.sealer, number),
            CredentialRow.kind == "card",
            Person.site_id == act.site_id,
            Person.ended_at.is_(None),
        )
    )
    return next((row for row in rows if _works(row, act.now)), None)


def _works(row: CredentialRow, now: datetime) -> bool:
    return (
        row.state == "active"
        and (row.valid_from is None or row.valid_from <= now)
        and (row.valid_until is None or now < row.valid_until)
    )


def _home_typed(act: Act, number: str) -> Home | None:
    """Return the home of this number, with or without its dashes."""
    plain = typed_number(number.strip())
    return act.session.scalar(
        select(Home).where(Home.site_id == act.site_id, func.replace(Home.number, "-", "") == plain)
    )


def _pin_of_home(act: Act, home: Home, tag: bytes) -> CredentialRow | None:
    rows = act.session.scalars(
        select(CredentialRow)
        .join(Person, Person.person_id == CredentialRow.person_id)
        .where(Person.home_id == home.home_id, CredentialRow.kind == "pin", Person.ended_at.is_(None))
    ).all()
    found = None
    for row in rows:  # each is compared, so that time tells nothing
        same = hmac.compare_digest(open_pin_tag(act.sealer, row.secret_sealed or b""), tag)
        if same and _works(row, act.now):
            found = row
    return found
