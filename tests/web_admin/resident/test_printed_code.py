"""A code on paper: made at the desk, opens as often as it is shown, ended anywhere."""

import pytest
from sqlalchemy import select

from gate_controller.contract.passes import (
    PRINTED_CODE,
    PersonalCode,
    code_text,
    make_online_code,
    make_printed_code,
    parse_code,
)
from gate_controller.contract.policy import compile_policy
from gate_controller.contract.signing import public_bytes
from gate_controller.rules.access import decide
from gate_controller.rules.decision import GateMemory, Reason
from gate_controller.rules.identify import GateKeys, identify_code
from tests.support.compounds.desk import press, read, served_with_card
from web_admin.action.base import new_action
from web_admin.compound.keys import private_key
from web_admin.compound.models import CredentialRow, Gate
from web_admin.core.database import current_menjin
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.phones import ensure_online_qr, issue_printed_code, online_code, printed_code
from web_admin.policy.publish import records_for_gate


@pytest.fixture
def wang(compound):
    return compound.persons["王芳"]


class AtTheGate:
    """What the north gate decides on a code after it has synced."""

    def __init__(self, compound):
        self.compound = compound

    def act(self, session, channel="desk"):
        return new_action(current_menjin(), session, self.compound.site_id, "staff-1", channel)

    def decide(self, work):
        compound = self.compound
        with compound.app.app_context(), current_menjin().database.session() as session:
            act = self.act(session)
            key = private_key(session, act.sealer, compound.site_id, "pass")
            text = work(act, key)
            now = compound.clock()
            records = records_for_gate(session, act.sealer, session.get_one(Gate, "north"), now)
            policy = compile_policy(records, epoch=1, version=1, issued_at=now).policy
            keys = GateKeys(bytes(32), bytes(32), public_bytes(key))
            claim = identify_code(text, policy, keys, now)
            return decide(claim, "north-in", policy, GateMemory(), now).reason


@pytest.fixture
def gate(compound):
    return AtTheGate(compound)


def made_at_the_desk(client):
    """Open a visit by the card, make a printed code and return the page to print."""
    served_with_card(client)
    made = press(client, "/r/", "/r/printed-code")
    assert made.status_code == 303
    return client.get(made.location)


def row_of(session):
    return session.scalars(select(CredentialRow).where(CredentialRow.printed)).one()


@pytest.mark.wide
def test_a_code_made_at_the_desk_opens_the_gate_as_often_as_it_is_shown(compound, gate, wang):
    page = made_at_the_desk(compound.signed_in("guard"))
    assert page.status_code == 200
    assert "<svg" in page.text
    assert "A photo or copy opens too" in page.text or "复印件同样可以开门" in page.text
    assert [name for name in compound.persons if name in page.text] == []
    reasons = {gate.decide(lambda act, _key: printed_code(act, row_of(act.session))) for _showing in range(2)}
    assert reasons == {Reason.GRANTED}


@pytest.mark.wide
def test_its_owner_ends_it_and_it_opens_nothing(compound, gate):
    client = compound.signed_in("guard")
    made_at_the_desk(client)
    credential_id = read(compound, lambda s: row_of(s).credential_id)
    assert press(client, "/r/", f"/r/printed-code/{credential_id}/end", sure="1").status_code == 303
    ended = gate.decide(lambda act, _key: printed_code(act, row_of(act.session)))
    assert ended in (Reason.CREDENTIAL_ENDED, Reason.CREDENTIAL_UNKNOWN)
    assert client.get(f"/r/printed-code/{credential_id}").status_code == 404


@pytest.mark.wide
def test_it_opens_nothing_while_its_owner_has_the_qr_code_switched_off(compound, gate, wang):
    client = compound.signed_in("guard")
    made_at_the_desk(client)
    press(client, "/r/", "/r/ways/qr", on="0")
    answer = gate.decide(lambda act, _key: printed_code(act, row_of(act.session)))
    assert answer is Reason.METHOD_NOT_CHOSEN


def test_no_phone_gives_one_out_and_two_are_the_most(compound, gate, wang):
    with compound.app.app_context(), current_menjin().database.session() as session:
        with pytest.raises(ActionRefused):
            issue_printed_code(gate.act(session, "phone"), wang)
        for _code in range(2):
            issue_printed_code(gate.act(session), wang)
        with pytest.raises(ActionRefused):
            issue_printed_code(gate.act(session), wang)


def test_a_printed_code_is_not_taken_for_the_one_behind_online_codes(compound, gate, wang):
    with compound.app.app_context(), current_menjin().database.session() as session:
        printed = issue_printed_code(gate.act(session), wang)
        online = ensure_online_qr(gate.act(session), wang)
        assert printed.credential_id != online.credential_id
        session.get_one(type(online.person), wang).methods = ["card", "qr"]
        code = parse_code(online_code(gate.act(session), wang))
        assert isinstance(code, PersonalCode)
        assert code.credential_id == online.credential_id


def test_a_renewing_code_cannot_be_turned_into_one_that_stays(compound, gate, wang):
    def cut(act, key):
        online = ensure_online_qr(act, wang)
        code = parse_code(make_online_code(key, act.site_id, online.credential_id, 1))
        whole = parse_code(make_printed_code(key, act.site_id, online.credential_id))
        assert isinstance(code, PersonalCode)
        assert isinstance(whole, PersonalCode)
        assert (whole.kind, whole.second) == (PRINTED_CODE, None)
        return code_text(whole.signed, code.signature)

    assert gate.decide(cut) is Reason.CODE_FORGED
