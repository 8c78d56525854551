"""Acts for later and acts that are done belong to their site, and an act that waits is not over."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select

from web_admin.action.base import Action
from web_admin.core.job_models import LongJob
from web_admin.later.acts import HELD, WITHDRAWN, Sent, end_act, end_same_act, is_open, long_held, plan_act
from web_admin.later.past import Done, keep, past_act

SENT = Sent(1, "hours.edit", "/manage/hours/1", {}, ())


def planned(act: Action) -> str:
    plan_act(act, SENT, act.now)
    act.session.flush()
    return act.session.scalars(select(LongJob)).one().job_id


def test_an_act_ends_at_its_own_site_and_by_its_own_page(act: Action) -> None:
    job_id = planned(act)
    assert not end_act(act.session, "another-site", job_id, WITHDRAWN, act.now)
    end_same_act(act, job_id, "/manage/hours/2", WITHDRAWN)
    assert is_open(act.session, act.site_id, job_id)
    end_same_act(act, job_id, SENT.path, WITHDRAWN)
    assert not is_open(act.session, act.site_id, job_id)


def test_only_an_act_that_waits_for_a_person_waits_too_long(act: Action) -> None:
    job_id, later = planned(act), act.now + timedelta(days=32)
    assert long_held(act.session, later) == []
    act.session.get_one(LongJob, job_id).state = HELD
    act.session.flush()
    assert [one[1] for one in long_held(act.session, later)] == [job_id]


def test_what_another_site_did_is_not_undone_here(act: Action) -> None:
    keep(act, Done("hours.edit", {}, {}))
    act.session.flush()
    row = act.session.scalars(select(LongJob)).one()
    assert past_act(act, row.job_id) is not None
    assert past_act(replace(act, site_id="another-site"), row.job_id) is None
