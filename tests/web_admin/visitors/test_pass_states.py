"""The state of a pass: the row and the SQL say the same at every edge of its time."""

from datetime import timedelta

import pytest
from sqlalchemy import ColumnElement, select

from tests.support.acting import add_lane, household
from web_admin.action.base import Action
from web_admin.visitors.actions import issue_pass, withdraw_pass
from web_admin.visitors.models import VisitorPassRow
from web_admin.visitors.pass_states import ends_after, opens_now_or_later, pass_state, states_in_sql


@pytest.mark.both_databases
@pytest.mark.parametrize("is_withdrawn", [False, True])
def test_the_row_and_the_sql_say_the_same(act: Action, *, is_withdrawn: bool) -> None:
    add_lane(act)
    _home, host = household(act)
    row = issue_pass(act, issuer_person_id=host.person_id, label="Friend", gate_numbers=[1])
    if is_withdrawn:
        withdraw_pass(act, row.pass_id)
    for edge in (row.valid_from, row.valid_until):
        for seconds in (-1, 0, 1):
            now = edge + timedelta(seconds=seconds)

            def holds(condition: ColumnElement[bool]) -> bool:
                return act.session.scalars(select(VisitorPassRow).where(condition)).all() == [row]

            state = pass_state(row, now)
            assert [name for name, condition in states_in_sql(now).items() if holds(condition)] == [state]
            assert holds(opens_now_or_later(now)) is (state in ("live", "not_yet"))
            assert holds(ends_after(now)) is (now < row.valid_until)
