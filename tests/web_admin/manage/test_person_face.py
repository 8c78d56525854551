"""The desk writes a person's no, their age and their guardians down; a card comes next."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.support.act_previews import done
from tests.web_admin.manage.assessment_pages import act_on, press
from web_admin.compound.models import Person
from web_admin.custody.models import Consent
from web_admin.journal.models import AuditEntry


def test_the_desk_writes_down_a_no_and_gives_a_card_next(compound):
    person_id = compound.persons["保洁员"]
    manager = compound.signed_in("manager")
    path = f"/manage/people/{person_id}/face"
    answer = press(manager, f"{path}/no", path, answer="no")
    assert answer.status_code == 303
    assert "card" in answer.location
    about = select(AuditEntry.kind).where(AuditEntry.person_id == person_id).order_by(AuditEntry.seq)
    kinds = act_on(compound, lambda act: list(act.session.scalars(about)))
    assert kinds[-1] == "face_refused"
    assert act_on(compound, lambda act: list(act.session.scalars(select(Consent.consent_id)))) == []


@pytest.mark.wide
def test_the_desk_writes_ages_and_guardians(compound):
    mother, child = compound.persons["王芳"], compound.persons["王磊"]
    manager = compound.signed_in("manager")
    path = f"/manage/people/{child}/face"
    until = (compound.clock() + timedelta(days=500)).date()
    press(manager, f"{path}/age", path, age_band="14_17", age_band_until=until.isoformat())
    press(manager, f"{path}/guardian", path, guardian_id=mother)
    assert "No longer" in manager.get(path).text
    band = act_on(compound, lambda act: act.session.get_one(Person, child).age_band_until)
    assert band == until
    done(manager, press(manager, f"{path}/guardian", path, gone=mother))
    assert "No longer" not in manager.get(path).text
