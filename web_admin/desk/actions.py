"""Serve a person at the desk: begun with their card or PIN, opened after proof that they are there.

Staff never choose a name, and a number alone shows nothing: digits can be read from a card or over a
shoulder. Two things at the desk prove it, card and PIN; or one of them and the same at a gate
(`proof.py`); or the person's own phone. A duress PIN does what the usual one does, as at a gate, and
calls for help in silence: a person who watches must not learn which of the two it was.
"""

import hmac

from flask_babel import lazy_gettext as _
from sqlalchemy import func, select

from gate_controller.contract.credential_kinds import is_usable
from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.pins import PIN_DIGITS, UNKNOWN_HOME_SALT, argon2_tag
from gate_controller.contract.records import CredentialKind, typed_number
from web_admin.action.base import Action, begin, new_id, record
from web_admin.alarms.actions import raise_alarm
from web_admin.compound.models import CredentialRow, Home, Person
from web_admin.core.refusal import ActionRefused
from web_admin.core.sealing import card_lookup, open_pin_tag
from web_admin.desk.limits import TOO_MANY, TOO_MANY_PINS, TooMany, may_type, may_type_pin
from web_admin.desk.models import HOME_PIN, REFUSED, DeskVisitRow
from web_admin.desk.proof import refuse_new, shown_at_a_gate
from web_admin.desk.visits import end_visits, is_waiting
from web_admin.people.invitations import confirm_identity

# -- how it begins -----------------------------------------------------------------------------------


def begin_with_card(act: Action, account_id: int, role: str, number: int) -> DeskVisitRow:
    """Begin to serve the holder of a card; an unknown number begins the same, without a person.

    `number` is the site's own number of the card. Raises TooMany.
    """
    begin(act)
    if not may_type(act, account_id):
        raise TooMany("number", TOO_MANY)
    return _begin(act, account_id, role, "card", _working_card(act, number))


def begin_with_pin(
    act: Action, account_id: int, role: str, home_number: str, pin: str
) -> DeskVisitRow | None:
    """Begin to serve the person of a PIN; None, written down, for any other digits or home.

    Raises ActionRefused for what is no PIN, and TooMany.
    """
    begin(act)
    home = _home_typed(act, home_number)
    found = _checked_pin(act, account_id, role, home, pin)
    if found is None:
        return None
    if not may_type(act, account_id):
        raise TooMany("pin", TOO_MANY)
    visit = _begin(act, account_id, role, HOME_PIN if found.known_to_home else "pin", found)
    _call_for_help(act, visit, found)
    return visit


def _begin(act: Action, account_id: int, role: str, by: str, shown: CredentialRow | None) -> DeskVisitRow:
    end_visits(act, account_id, "another")
    visit = DeskVisitRow(
        visit_id=new_id() + new_id(),
        site_id=act.site_id,
        account_id=account_id,
        role=role,
        person_id=shown.person_id if shown is not None else None,
        credential_id=shown.credential_id if shown is not None else None,
        opened_by=by,
        opened_at=act.now,
    )
    act.session.add(visit)
    record(act, "desk_asked", {"visit_id": visit.visit_id, "by": by}, person_id=visit.person_id)
    return visit


# -- how it is proved --------------------------------------------------------------------------------


def prove_by_pin(act: Action, visit: DeskVisitRow, pin: str) -> bool:
    """Open a visit that began with a card by the PIN of its holder; no, written down, for other digits."""
    begin(act)
    holder = _holder(act, visit)
    home = holder.home if holder is not None else None
    found = _checked_pin(act, visit.account_id, visit.role, home, pin)
    if found is None:
        return False
    if visit.opened_by != "card" or found.person_id != visit.person_id:
        _note_refused(act, visit.account_id, visit.role, "pin", home)
        return False
    _call_for_help(act, visit, found)
    return _proved(act, visit, "pin", found, _shown_first(act, visit))


def prove_by_card(act: Action, visit: DeskVisitRow, number: int) -> bool:
    """Open a visit that began with a PIN by a card of the same person."""
    begin(act)
    if not may_type(act, visit.account_id):
        raise TooMany("number", TOO_MANY)
    card = _working_card(act, number)
    if visit.opened_by == "card" or card is None or card.person_id != visit.person_id:
        _note_refused(act, visit.account_id, visit.role, "card")
        return False
    return _proved(act, visit, "card", _shown_first(act, visit), card)


def prove_by_gate(act: Action, visit: DeskVisitRow) -> bool:
    """Open a visit once its person showed the same card or PIN at a gate; False while no gate wrote so."""
    begin(act)
    shown = shown_at_a_gate(act.session, visit, act.now)
    if shown is None or not is_usable(shown, act.now):
        return False
    _call_for_help(act, visit, shown)
    return _proved(act, visit, "gate", shown)


def answer_by_phone(act: Action, visit_id: str, *, is_there: bool) -> None:
    """Open a visit, or end it for good, from the phone of its own person; a no alarms the manager."""
    begin(act)
    visit = act.session.get(DeskVisitRow, visit_id)
    person = act.session.get(Person, act.actor_id)
    if (
        act.channel != "phone"
        or person is None
        or visit is None
        or visit.person_id != person.person_id
        or not is_waiting(visit, act.now)
    ):
        raise ActionRefused(None, _("The desk does not ask any more."))
    if not is_there:
        visit.ended_at, visit.ended_why = act.now, "not_me"
        record(act, "desk_refused", {"visit_id": visit.visit_id, "by": "phone"}, person_id=person.person_id)
        kind, detail = EventKind.ALARM_DESK_GUESSING, f"staff-{visit.account_id}"
        raise_alarm(act.session, act.site_id, kind, act.now, detail=detail, once=True)
        return
    if person.phone_unproven is not None:
        raise ActionRefused(None, _("This phone must be verified first. Show your card or PIN at a gate."))
    _proved(act, visit, "phone")


def _shown_first(act: Action, visit: DeskVisitRow) -> CredentialRow:
    return act.session.get_one(CredentialRow, visit.credential_id)


def _proved(act: Action, visit: DeskVisitRow, by: str, *shown: CredentialRow) -> bool:
    """Open a visit by what was shown; raise ActionRefused for what is too new to prove who is there."""
    person = _holder(act, visit)
    if person is None or not is_waiting(visit, act.now):
        return False
    for credential in shown:
        refuse_new(act.session, visit, credential, act.now)
    known_to_home = any(credential.known_to_home for credential in shown)
    if known_to_home:
        visit.opened_by = HOME_PIN
    elif by == "gate":
        visit.opened_by = shown[0].kind
    visit.proved_by, visit.proved_at = by, act.now
    record(
        act,
        "desk_opened",
        {"visit_id": visit.visit_id, "by": visit.opened_by, "proved_by": by},
        person_id=person.person_id,
    )
    if shown and not known_to_home and person.phone_unproven is not None:
        confirm_identity(act, person.person_id, by_own=by == "gate")
    return True


def _call_for_help(act: Action, visit: DeskVisitRow, shown: CredentialRow) -> None:
    """Raise the silent alarm of a duress PIN; of no person, whose own page lists the rest."""
    if shown.duress:
        record(act, EventKind.ALARM_DURESS_AT_DESK, {"visit_id": visit.visit_id})
        raise_alarm(act.session, act.site_id, EventKind.ALARM_DURESS_AT_DESK, act.now)


# -- cards and PINs ----------------------------------------------------------------------------------


def _holder(act: Action, visit: DeskVisitRow) -> Person | None:
    person = act.session.get(Person, visit.person_id) if visit.person_id is not None else None
    return person if person is not None and person.ended_at is None else None


def _working_card(act: Action, number: int) -> CredentialRow | None:
    rows = act.session.scalars(
        select(CredentialRow)
        .join(Person, Person.person_id == CredentialRow.person_id)
        .where(
            CredentialRow.lookup == card_lookup(act.sealer, number),
            CredentialRow.kind == CredentialKind.CARD,
            Person.site_id == act.site_id,
            Person.ended_at.is_(None),
        )
    )
    return next((row for row in rows if is_usable(row, act.now)), None)


def _home_typed(act: Action, number: str) -> Home | None:
    """Return the home of this number, with or without its dashes."""
    plain = typed_number(number.strip())
    return act.session.scalar(
        select(Home).where(Home.site_id == act.site_id, func.replace(Home.number, "-", "") == plain)
    )


def _checked_pin(
    act: Action, account_id: int, role: str, home: Home | None, pin: str
) -> CredentialRow | None:
    """Return the PIN of a home with these digits; None, counted, for others. An unknown home costs the same.

    Raises ActionRefused for what is no PIN, and TooMany.
    """
    if not (pin.isdecimal() and len(pin) == PIN_DIGITS):
        raise ActionRefused("pin", _("A PIN has six digits."))
    if not may_type_pin(act, account_id):
        raise TooMany("pin", TOO_MANY_PINS)
    tag = argon2_tag(pin, home.pin_salt if home is not None else UNKNOWN_HOME_SALT)
    found = _pin_of_home(act, home, tag) if home is not None else None
    if found is None:
        _note_refused(act, account_id, role, "pin", home)
    return found


def _note_refused(act: Action, account_id: int, role: str, by: str, home: Home | None = None) -> None:
    """Write a refused try down: in the ledger, and where tries are counted."""
    act.session.add(
        DeskVisitRow(
            visit_id=new_id() + new_id(),
            site_id=act.site_id,
            account_id=account_id,
            role=role,
            opened_by=by,
            opened_at=act.now,
            ended_at=act.now,
            ended_why=REFUSED,
        )
    )
    record(act, "desk_refused", {"by": by, "home_id": home.home_id if home is not None else None})


def _pin_of_home(act: Action, home: Home, tag: bytes) -> CredentialRow | None:
    rows = act.session.scalars(
        select(CredentialRow)
        .join(Person, Person.person_id == CredentialRow.person_id)
        .where(
            Person.home_id == home.home_id,
            CredentialRow.kind == CredentialKind.PIN,
            Person.ended_at.is_(None),
        )
    ).all()
    found = None
    for row in rows:  # each is compared, so that time reveals nothing
        same = hmac.compare_digest(open_pin_tag(act.sealer, row.secret_sealed or b""), tag)
        if same and is_usable(row, act.now):
            found = row
    return found
