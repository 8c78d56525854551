"""Find what an action is about, or refuse the action."""

from flask_babel import lazy_gettext as _
from sqlalchemy.orm import joinedload

from web_admin.action.base import Action, own_person_id
from web_admin.compound.models import UNASSIGNED, CredentialRow, Gate, Home, Hours, Lane, Person
from web_admin.core.refusal import ActionRefused


def person_of(act: Action, person_id: str) -> Person:
    """Return a person of this site who has not moved out; raise ActionRefused.

    A person who acts by phone, at a gate or served at the desk acts on themselves alone.
    """
    if own_person_id(act) not in (None, person_id):
        raise ActionRefused(None, _("You can change only what is your own."))
    person = act.session.get(Person, person_id)
    if person is None or person.site_id != act.site_id:
        raise ActionRefused("person", _("There is no such person."))
    if person.ended_at is not None:
        raise ActionRefused("person", _("This person has moved out. Add them again if they are back."))
    return person


def refuse_unassigned(person: Person) -> None:
    """Raise ActionRefused where a particular person is needed: a home's unassigned cards have no owner."""
    if person.kind == UNASSIGNED:
        raise ActionRefused("person", _("These cards belong to the home. Give them to a person of it first."))


def credential_of(act: Action, credential_id: str) -> CredentialRow:
    """Return a credential of a person of this site; raise ActionRefused."""
    credential = act.session.get(CredentialRow, credential_id)
    if credential is None:
        raise ActionRefused("credential", _("There is no such card, PIN or code."))
    person_of(act, credential.person_id)
    return credential


def home_of(act: Action, home_id: str) -> Home:
    """Return a home of this site; raise ActionRefused."""
    home = act.session.get(Home, home_id)
    if home is None or home.site_id != act.site_id:
        raise ActionRefused("home", _("There is no such home. Add it first."))
    return home


def gate_of(act: Action, gate_id: str) -> Gate:
    """Return a gate of this site; raise ActionRefused."""
    gate = act.session.get(Gate, gate_id)
    if gate is None or gate.site_id != act.site_id:
        raise ActionRefused("gate", _("There is no such gate."))
    return gate


def lane_of(act: Action, lane_id: str) -> Lane:
    """Return a lane of this site; raise ActionRefused."""
    lane = act.session.get(Lane, lane_id, options=(joinedload(Lane.gate),))
    if lane is None or lane.gate.site_id != act.site_id:
        raise ActionRefused("lanes", _("There is no such lane: %(lane)s.", lane=lane_id))
    return lane


def hours_of(act: Action, hours_id: str) -> Hours:
    """Return hours of this site; raise ActionRefused."""
    hours = act.session.get(Hours, hours_id)
    if hours is None or hours.site_id != act.site_id:
        raise ActionRefused("hours", _("There are no such hours: %(hours)s.", hours=hours_id))
    return hours
