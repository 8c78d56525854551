"""The condition in SQL and the rule of the gates choose the same credentials, on both databases."""

from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from gate_controller.contract import credential_kinds
from gate_controller.contract.records import CredentialKind, CredentialState
from tests.support.compounds.with_gates import add_person
from tests.support.examples import examples
from web_admin.compound.models import CredentialRow
from web_admin.compound.usable_credentials import usable_methods, usable_now

pytestmark = [pytest.mark.both_databases]

NEAR = (
    st.none()
    | st.sampled_from([timedelta(microseconds=us) for us in (-1, 0, 1)])
    | st.timedeltas(min_value=timedelta(days=-2), max_value=timedelta(days=2))
)
DRAWN = st.lists(
    st.tuples(st.sampled_from(CredentialKind), st.sampled_from(CredentialState), NEAR, NEAR, st.booleans()),
    max_size=12,
)


@settings(
    max_examples=examples(120), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(drawn=DRAWN)
def test_what_the_database_finds_usable_is_what_a_gate_would_take(
    database, site: str, now: datetime, drawn
) -> None:
    with database.session() as session:
        person = add_person(session, site, None, [], now)
        rows = [
            CredentialRow(
                credential_id=f"{person.person_id}-{nth}",
                person_id=person.person_id,
                kind=kind,
                state=state,
                valid_from=begins if begins is None else now + begins,
                valid_until=ends if ends is None else now + ends,
                duress=duress and kind is CredentialKind.PIN,
                created_at=now,
            )
            for nth, (kind, state, begins, ends, duress) in enumerate(drawn)
        ]
        session.add_all(rows)
        session.flush()
        session.expire_all()
        found = set(
            session.scalars(
                select(CredentialRow.credential_id).where(
                    CredentialRow.person_id == person.person_id, usable_now(now)
                )
            )
        )
        assert found == {row.credential_id for row in rows if credential_kinds.is_usable(row, now)}
        by_rule = credential_kinds.usable_methods(rows, now)
        assert usable_methods(session, person.person_id, now) == by_rule
        session.rollback()
