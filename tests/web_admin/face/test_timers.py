"""Time alone settles ages and a review that is overdue."""

from datetime import timedelta

from tests.web_admin.manage.assessment_pages import act_on, offer
from web_admin.custody.models import Consent
from web_admin.face import timers
from web_admin.face.actions import give_face_consent
from web_admin.face.ages import set_age_band


def test_time_alone_settles_ages_and_an_overdue_review(compound):
    offer(compound)
    mother, child = compound.persons["王芳"], compound.persons["王磊"]
    tomorrow = (compound.clock() + timedelta(days=1)).date()
    act_on(compound, lambda act: set_age_band(act, child, "14_17", tomorrow + timedelta(days=1)))
    consent = act_on(
        compound,
        lambda act: give_face_consent(act, child, 1, "zh", guardian_id=mother).consent_id,
        channel="gate",
        actor_id=child,
    )
    menjin = compound.app.extensions["menjin"]
    assert timers.settle_by_time(menjin, compound.clock()) == 0
    assert timers.settle_by_time(menjin, compound.clock() + timedelta(days=3)) == 1
    assert act_on(compound, lambda act: act.session.get_one(Consent, consent).withdrawn_why) == "came_of_age"
    assert timers.settle_by_time(menjin, compound.clock() + timedelta(days=4)) == 0
    assert timers.settle_by_time(menjin, compound.clock() + timedelta(days=301)) == 1
    assert timers.settle_by_time(menjin, compound.clock() + timedelta(days=301)) == 0
