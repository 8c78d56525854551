"""Read what needs a resident now: above the pass card, and above the switches at the desk; no routes."""

from datetime import timedelta

from web_admin.access_review.queries import waits_for_person
from web_admin.accounts.residents import new_sign_ins
from web_admin.action.base import Action
from web_admin.action.suspensions import in_the_way, party_of
from web_admin.compound.models import Person
from web_admin.compound.queries import persons_by_id
from web_admin.compound.restore_models import is_held
from web_admin.face.guardian_requests import requests_to
from web_admin.face.models import GuardianRequest
from web_admin.face.renewals import renewal_of
from web_admin.people.suspension_queries import lock_outs_of, suspensions_of
from web_admin.resident.blueprint import site_of
from web_admin.resident.own_phone import desk_asks, verification_of
from web_admin.resident.own_ways import losses_of, ways_of

LOCK_OUTS_SHOWN = timedelta(days=30)


def _may_end_suspension(act: Action, person: Person) -> bool:
    """Return whether this person may end the suspension of everything here: they are said to have asked."""
    unverified = act.channel == "phone" and person.phone_unproven is not None
    held = is_held(act.session, "person", person.person_id) if person.suspended else True
    return not (unverified or held) and in_the_way(person.suspended_by, party_of(act)) is None


def _asked_by_minors(act: Action, person: Person) -> list[tuple[GuardianRequest, Person]]:
    asked = requests_to(act.session, person, act.now)
    minors = persons_by_id(act.session, {one.minor_id for one in asked})
    return [(one, minors[one.minor_id]) for one in asked]


def needs_of(person: Person, act: Action) -> dict[str, object]:
    """Return what `needs.html` shows."""
    return {
        "ways": ways_of(person, act.now),
        "losses": losses_of(person, act.now),
        "renewal": renewal_of(act.session, person.person_id) if site_of(person).face_enabled else None,
        "requests": _asked_by_minors(act, person),
        "verification": verification_of(act, person),
        "new_sign_ins": new_sign_ins(act.session, person.person_id, act.now),
        "desk_asks": desk_asks(act, person),
        "suspensions": suspensions_of(act.session, person.person_id),
        "may_end": _may_end_suspension(act, person),
        "review_asks": waits_for_person(act.session, act.site_id, person),
        "kept_out": lock_outs_of(act.session, person.person_id, act.now - LOCK_OUTS_SHOWN),
    }
