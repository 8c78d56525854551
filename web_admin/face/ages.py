"""Set age bands: a band and the day it ends, never a date of birth.

Face is not offered under 14. From 14 to 17 a guardian agrees as well. On the day of 18 the consent of
those years ends, and the person is asked for their own; card, PIN and QR code go on.
"""

from datetime import date

from flask_babel import lazy_gettext as _
from sqlalchemy import delete, select

from web_admin.action.base import Action, begin, finish, record
from web_admin.action.lookups import person_of
from web_admin.compound.age_bands import ADULT, CHILD, MINOR, YEARS_OF_MINORS, today_at, years_later
from web_admin.compound.models import GuardianRow, Person
from web_admin.core.refusal import ActionRefused
from web_admin.face.endings import forget_face
from web_admin.face.guardians import end_guardianship, lapse_requests, parts_of_consent
from web_admin.face.renewals import AGE_CORRECTED, CAME_OF_AGE, clear_renewal, request_renewal
from web_admin.face.ways_in import live_face_consent

LONGEST_YEARS = {CHILD: 14, MINOR: YEARS_OF_MINORS}


def set_age_band(act: Action, person_id: str, band: str, until: date | None = None) -> None:
    """Correct a person's age band and the first day of the next one; face follows at once."""
    site = begin(act)
    person = person_of(act, person_id)
    if act.channel not in ("manager", "desk", "system"):
        raise ActionRefused(None, _("Ages are corrected at the desk."))
    if band not in (ADULT, MINOR, CHILD):
        raise ActionRefused("age_band", _("Choose one of the offered values."))
    check_until("age_band_until", band, until, today_at(site, act.now))
    was_adult = person.age_band == ADULT
    person.age_band, person.age_band_until = band, until
    if band != ADULT and was_adult:
        end_guardianship(act, person)
    if band == CHILD:
        forget_face(act, person, AGE_CORRECTED)
        clear_renewal(act.session, person_id)
        lapse_requests(act, person_id)
    if band == MINOR:
        consent = live_face_consent(act.session, person)
        if consent is not None and not parts_of_consent(act.session, consent.consent_id):
            request_renewal(act, person, AGE_CORRECTED)
    if band == ADULT and not was_adult:
        _become_adult(act, person)
    finish(act, "age_band_set", {"age_band": band}, person_id=person_id)


def settle_ages(act: Action) -> int:
    """Move everyone whose band has ended into the next one; return how many."""
    site = begin(act)
    today = today_at(site, act.now)
    due = act.session.scalars(
        select(Person)
        .where(
            Person.site_id == act.site_id,
            Person.ended_at.is_(None),
            Person.age_band_until.is_not(None),
            Person.age_band_until <= today,
        )
        .order_by(Person.person_id)
    ).all()
    for person in due:
        day = person.age_band_until or today
        if person.age_band == CHILD and years_later(day, YEARS_OF_MINORS) > today:
            person.age_band, person.age_band_until = MINOR, years_later(day, YEARS_OF_MINORS)
        else:
            _become_adult(act, person)
        record(act, "age_band_ended", {"age_band": person.age_band}, person_id=person.person_id)
    act.session.flush()
    return len(due)


def check_until(field: str, band: str, until: date | None, today: date) -> None:
    """Raise ActionRefused unless the end of an age band can be right."""
    if band == ADULT:
        if until is not None:
            raise ActionRefused(field, _("Adults stay adults: leave this empty."))
        return
    if until is not None and not today < until <= years_later(today, LONGEST_YEARS[band]):
        raise ActionRefused(field, _("Choose the day on which the next age begins."))


def _become_adult(act: Action, person: Person) -> None:
    person.age_band, person.age_band_until = ADULT, None
    request_renewal(act, person, CAME_OF_AGE)
    lapse_requests(act, person.person_id)
    act.session.execute(delete(GuardianRow).where(GuardianRow.minor_id == person.person_id))
