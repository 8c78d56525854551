"""An act that begins later, planned on the served page and begun by the server's own scheduler."""

import html
import re
import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from gate_controller.contract.calendars import DAY_KINDS, Span
from tests.served.served_compound import ServedCompound
from tests.support.compounds.desk import read
from tests.support.gates.waiting import until
from web_admin.compound.models import Hours
from web_admin.core.job_models import LongJob
from web_admin.gates.hours import save_hours
from web_admin.journal.models import AuditEntry
from web_admin.later.acts import KIND
from web_admin.people.actions import GrantSpec, set_grants

SHORTER = {"name": "Days", "span1-days": list(DAY_KINDS), "span1-start": "07:00", "span1-end": "12:00"}


@pytest.mark.wide
@pytest.mark.both_databases
def test_a_planned_act_is_done_once_by_two_workers_and_waits_where_another_would_be_outside(
    served: ServedCompound,
) -> None:
    compound = served.compound
    with compound.act("manager") as act:
        first, second = (
            save_hours(act, None, name, [Span(DAY_KINDS, 420, 1080)]).hours_id for name in ("Days", "Others")
        )
        set_grants(replace(act, because="asked"), compound.persons["王芳"], [GrantSpec(("north-in",), first)])
        set_grants(
            replace(act, because="asked"), compound.persons["王磊"], [GrantSpec(("north-in",), second)]
        )
    manager = served.signed_in("manager")
    for hours_id in (first, second):
        plan(manager, hours_id)
    assert manager.get("/manage/later").text.count("Other hours") == 2
    with compound.act("manager") as act:
        set_grants(
            replace(act, because="asked"), compound.persons["吴静"], [GrantSpec(("north-in",), second)]
        )
        for job in act.session.scalars(select(LongJob)):
            job.claimed_until = job.created_at  # tomorrow, brought near
    festival = {"day": "2099-02-17", "kind": "holiday", "name": "Festival"}
    send(manager, "/manage/hours/days/new", festival)  # whose worker looks at once, and finds those before
    until(lambda: states(served) == ["done", "held", "waiting"])
    assert (ends(served, first), ends(served, second)) == (12, 18)
    begun = select(func.count()).select_from(AuditEntry).where(AuditEntry.kind == "planned_act_begun")
    assert read(compound, lambda s: s.scalar(begun)) == 1
    assert "These wait for you" in manager.get("/manage/later").text


def plan(manager, hours_id: str) -> None:
    """Ask for shorter hours from tomorrow on, and go on from the page of what they take."""
    path = f"/manage/hours/{hours_id}"
    shown = send(manager, path, SHORTER)
    assert "1 person can no longer enter by 北门" in shown
    fields: dict[str, list[str]] = {}
    of_preview = shown.partition("data-act-preview")[2].partition("</form>")[0]
    for name, value in re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', of_preview):
        fields.setdefault(html.unescape(name), []).append(html.unescape(value))
    assert (
        manager.post(path, fields | {"csrf_token": manager.csrf_token, "lock_out": "works"}).status_code
        == 303
    )


def send(manager, path: str, form: dict[str, object]) -> str:
    """Ask for an act from tomorrow on; return what the page says."""
    manager.get(path)
    tomorrow = (datetime.now(UTC) + timedelta(days=2)).strftime("%Y-%m-%dT06:00")
    more = {"once": secrets.token_urlsafe(18), "when": "later", "begins_at": tomorrow}
    return str(manager.post(path, form | more).text)


def states(served: ServedCompound) -> list[str]:
    return sorted(
        read(served.compound, lambda s: s.scalars(select(LongJob.state).where(LongJob.kind == KIND)).all())
    )


def ends(served: ServedCompound, hours_id: str) -> int:
    return read(served.compound, lambda s: s.get_one(Hours, hours_id).spans[0]["until_minute"]) // 60
