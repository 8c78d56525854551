"""Keys of other systems row by row: ended by time or by hand, kept nowhere, made by the office alone."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from web_admin.accounts.api_keys import end_api_key, make_api_key
from web_admin.accounts.models import ApiKey
from web_admin.action.base import new_action
from web_admin.core.database import current_menjin
from web_admin.core.refusal import ActionRefused
from web_admin.journal.models import AuditEntry


@pytest.mark.wide
def test_a_key_ends_by_time_and_at_once_by_hand(compound, caller, caller_with):
    other = caller_with("people:read")
    with compound.app.app_context():
        menjin = current_menjin()
        with menjin.database.session() as session:
            act = new_action(menjin, session, compound.site_id, "tests", "manager", now=compound.clock())
            end_api_key(act, caller.key_id)
    assert caller.call("GET", "/people").status_code == 401
    assert other.call("GET", "/people").status_code == 200
    compound.clock.now += timedelta(days=30)
    assert other.call("GET", "/people").status_code == 401


@pytest.mark.wide
def test_the_secret_of_a_key_is_kept_nowhere(compound, caller):
    secret = caller.key.rpartition("_")[2] if caller.key.count("_") == 2 else caller.key[21:]
    with compound.app.app_context(), current_menjin().database.session() as session:
        row = session.get_one(ApiKey, caller.key_id)
        written = [entry.facts | (entry.personal or {}) for entry in session.scalars(select(AuditEntry))]
    assert secret not in repr((row.__dict__, written))


def test_using_a_key_is_written_down_once_a_day(compound, caller):
    for _call in range(3):
        caller.get("/homes")
    caller.post("/homes", {"number": "9-0901"})
    with compound.app.app_context(), current_menjin().database.session() as session:
        used = session.scalars(select(AuditEntry).where(AuditEntry.kind == "api_key_used")).all()
        assert session.get_one(ApiKey, caller.key_id).last_used_on == compound.clock.now.date()
    assert [entry.facts for entry in used] == [{"key_id": caller.key_id}]


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("scopes", {"scopes": ()}),
        ("scopes", {"scopes": ("people:read", "faces:read")}),
        ("valid_until", {"days": 0}),
        ("valid_until", {"days": 400}),
        ("name", {"name": " "}),
    ],
)
def test_a_key_without_scope_or_end_is_not_made(act, field, wrong):
    wanted = {"name": "Courier", "scopes": ("people:read",), "days": 30, **wrong}
    with pytest.raises(ActionRefused) as refused:
        until = act.now + timedelta(days=wanted["days"])
        make_api_key(act, name=wanted["name"], scopes=wanted["scopes"], valid_until=until)
    assert refused.value.field == field


@pytest.mark.parametrize("channel", ["api", "phone", "desk", "gate"])
def test_only_the_office_makes_keys(act, channel):
    with pytest.raises(ActionRefused):
        make_api_key(
            replace(act, channel=channel),
            name="x",
            scopes=("people:read",),
            valid_until=act.now + timedelta(days=1),
        )
