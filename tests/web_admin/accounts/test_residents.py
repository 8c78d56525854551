"""Accounts of residents: a name taken once, sessions ended everywhere, and none after moving out."""

import pytest

from tests.support.compounds.managed import PASSWORD
from tests.web_admin.web.signed_in import resident_client, session_of
from web_admin.accounts.residents import end_resident_sessions, resident_with_password, set_resident_password
from web_admin.compound.models import Person
from web_admin.core.refusal import ActionRefused
from web_admin.web.resident_session import sign_in_resident


@pytest.mark.wide
def test_a_resident_is_signed_out_everywhere_at_once(compound):
    client = resident_client(compound)
    with compound.app.app_context(), session_of(compound) as session:
        end_resident_sessions(session, compound.persons["林薇"])
    assert client.get("/r/").status_code == 302


@pytest.mark.wide
def test_a_name_that_is_taken_is_refused_beside_the_name(compound):
    with compound.app.test_request_context("/"), session_of(compound) as session:
        first, second = (session.get_one(Person, compound.persons[name]) for name in ("林薇", "陈立"))
        set_resident_password(session, first, "Lin", PASSWORD)
        with pytest.raises(ActionRefused) as refused:
            set_resident_password(session, second, "lin", PASSWORD)
        assert refused.value.field == "name"
        assert resident_with_password(session, "LIN", PASSWORD).person_id == first.person_id
        assert resident_with_password(session, "lin", "something else") is None


@pytest.mark.wide
@pytest.mark.both_databases
def test_a_name_with_letters_beyond_ascii_signs_in_and_is_unique(compound):
    with compound.app.test_request_context("/"), session_of(compound) as session:
        first, second = (session.get_one(Person, compound.persons[name]) for name in ("林薇", "陈立"))
        set_resident_password(session, first, "Åsa Ömer", PASSWORD)
        for typed in ("Åsa Ömer", "åsa ömer", "ÅSA ÖMER "):
            assert resident_with_password(session, typed, PASSWORD) is first
        with pytest.raises(ActionRefused):
            set_resident_password(session, second, "åsa ömer", PASSWORD)


def test_someone_who_moved_out_cannot_be_signed_in(compound):
    with compound.app.test_request_context("/"), session_of(compound) as session:
        person = session.get_one(Person, compound.persons["林薇"])
        person.ended_at = compound.clock()
        with pytest.raises(ActionRefused):
            sign_in_resident(session, person)
