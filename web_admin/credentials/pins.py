"""Issue and check PINs and duress PINs, and the numbers taken in a home.

All PINs that one person is ever given have the same digit sum modulo ten, which is secret and theirs
alone. So any two of them differ in at least two digits: a slip of one digit never turns a PIN into
the duress PIN, and no PIN has to be kept in clear to make sure of it. The price: who knows one old
PIN of a person faces 100,000 instead of 1,000,000 possible new ones, behind growing delays.
"""

import secrets
from dataclasses import dataclass, replace

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from gate_controller.contract.credential_kinds import TYPED_KINDS
from gate_controller.contract.pins import PIN_DIGITS, argon2_tag, is_weak_pin
from gate_controller.contract.records import CredentialKind
from web_admin.action.base import Action, begin, finish, new_id, own_person_id
from web_admin.action.lock_outs import kept_in
from web_admin.action.lookups import person_of, refuse_unassigned
from web_admin.action.phone_verification import opened_by_home, refuse_unverified_phone
from web_admin.action.suspension_reasons import OF_NEW_ONES
from web_admin.action.suspension_rows import end_suspensions
from web_admin.action.suspensions import refuse_ending
from web_admin.compound.age_bands import ADULT
from web_admin.compound.models import CredentialRow, Home, Person
from web_admin.compound.own_credentials import GUARDIAN, STAFF
from web_admin.core.orm import Fact
from web_admin.core.refusal import ActionRefused
from web_admin.core.sealing import open_pin_tag, seal_pin_tag
from web_admin.credentials.child_agreements import refuse_without_agreement
from web_admin.credentials.lifecycle import end_live, live_credentials
from web_admin.face.lost_methods import pause_faces_given_with
from web_admin.face.ways_in import settle_face


@dataclass(frozen=True, slots=True, repr=False)
class TypedNumber:
    """Digits to be shown once, and their Argon2id tag under the home's salt; never printed."""

    digits: str
    tag: bytes


def issue_pin(act: Action, person_id: str) -> str:
    """Give a person a new random PIN in place of the old and return it, to be shown once."""
    begin(act)
    person, home = _of_home(act, person_id)
    refuse_unverified_phone(act, person)
    refuse_without_agreement(act, person)
    known = live_credentials(act, person_id, CredentialKind.PIN)
    for old in known:
        if old.state == "suspended":  # a new one would end the suspension
            refuse_ending(act, old.suspended_by, "person")
    number = make_pin_for(act, person, home)
    paused: list[str] = []
    facts: dict[str, Fact] = {}
    with kept_in(act, "pin_issued", [person_id] if known else (), OF_NEW_ONES):
        for old in known:
            if own_person_id(act) is None:
                facts["replaced_by_others"] = True  # they are notified: the PIN that they know opens nothing
            paused += pause_faces_given_with(act, old, "replaced")
            old.state, old.ended_at, old.ended_reason = "ended", act.now, "replaced"
            end_suspensions(act.session, act.now, person_id, old.credential_id)
        add_pin(act, person, number.tag, duress=False)
        finish(act, "pin_issued", facts, person_id=person_id, touches=(person_id, *paused), with_others=False)
    return number.digits


def issue_duress_pin(act: Action, person_id: str) -> str:
    """Give a person a PIN that opens as usual and calls the guard; return it, to be shown once.

    The ledger names neither the person nor, where they asked for it themselves, who asked.
    """
    begin(act)
    person, home = _of_home(act, person_id)
    refuse_unverified_phone(act, person)
    if not live_credentials(act, person_id, CredentialKind.PIN):
        own = act.channel == "phone"
        raise ActionRefused(
            "person",
            _("Switch on your usual PIN first.") if own else _("Give this person their usual PIN first."),
        )
    number = make_pin_for(act, person, home)
    end_live(act, person_id, CredentialKind.PIN, "replaced", duress=True)
    credential = add_pin(act, person, number.tag, duress=True)
    facts = {"credential_id": credential.credential_id}
    unnamed = replace(act, actor_id="its_owner") if act.actor_id == person_id else act
    finish(unnamed, "duress_pin_issued", facts, touches=(person_id,), with_others=False)
    return number.digits


def make_pin_for(act: Action, person: Person, home: Home) -> TypedNumber:
    """Return a random PIN that is not weak, not taken in the home and far from this person's others."""
    taken = taken_tags(act, home)
    own_sum = act.sealer.lookup("pin_digit_sum", person.person_id.encode())[0] % 10
    while True:
        digits = "".join(secrets.choice("0123456789") for _place in range(PIN_DIGITS))
        if sum(map(int, digits)) % 10 != own_sum or is_weak_pin(digits, home.number):
            continue
        tag = argon2_tag(digits, home.pin_salt)
        if tag not in taken:
            return TypedNumber(digits, tag)


def taken_tags(act: Action, home: Home) -> frozenset[bytes]:
    """Return the tags of all typed numbers a home ever had, duress PINs included.

    Ended ones count too: gates keep them for a while to say "ended" instead of "wrong".
    """
    rows = act.session.scalars(
        select(CredentialRow)
        .join(Person)
        .where(
            Person.home_id == home.home_id,
            CredentialRow.kind.in_(TYPED_KINDS),
        )
    )
    return frozenset(
        open_pin_tag(act.sealer, row.secret_sealed) for row in rows if row.secret_sealed is not None
    )


def _of_home(act: Action, person_id: str) -> tuple[Person, Home]:
    person = person_of(act, person_id)
    refuse_unassigned(person)
    if person.home is None:
        raise ActionRefused("home", _("A PIN is typed after a home's number. Give this person a home first."))
    return person, person.home


def _seen_by(act: Action, person: Person) -> str | None:
    """Return who besides its person sees a PIN that is made now."""
    if act.channel == "home":
        return None  # `known_to_home` says so
    if act.channel != "phone":
        return STAFF
    return GUARDIAN if person.age_band != ADULT and opened_by_home(act.session, person) else None


def add_pin(act: Action, person: Person, tag: bytes, *, duress: bool) -> CredentialRow:
    """Store a PIN by its tag; the caller ends the old one, records and publishes."""
    credential = CredentialRow(
        credential_id=new_id(),
        person_id=person.person_id,
        kind=CredentialKind.PIN,
        duress=duress,
        secret_sealed=seal_pin_tag(act.sealer, tag),
        created_at=act.now,
        known_to_home=act.channel == "home",
        in_hand=act.channel == "home" or own_person_id(act) == person.person_id,
        seen_by=_seen_by(act, person),
    )
    act.session.add(credential)
    settle_face(act.session, person, act.now)
    return credential
