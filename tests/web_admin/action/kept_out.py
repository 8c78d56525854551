"""Lock-outs that were kept and sent, and how a person comes to have something in hand."""

from dataclasses import replace

from sqlalchemy import select

from gate_controller.contract.journal_chain import GENESIS, chain_entry
from tests.support.acting import by_phone
from web_admin.action.base import Action
from web_admin.compound.models import CredentialRow, Person
from web_admin.compound.suspension_models import LockOut
from web_admin.credentials.phones import ensure_online_qr
from web_admin.messages.models import OutboxMessage
from web_admin.people.gate_verification import verify_by_gate_events
from web_admin.people.invitations import accept_invitation
from web_admin.people.print_runs import PINS, begin_run, hand_out, make_part, show_slips


def rows(act: Action) -> list[tuple[str, str, str]]:
    act.session.flush()
    return [(row.act, row.reason, row.party) for row in act.session.scalars(select(LockOut))]


def sent(act: Action) -> list[str]:
    act.session.flush()
    return [str(row.body["text"]) for row in act.session.scalars(select(OutboxMessage))]


def use(act: Action, credential: CredentialRow) -> None:
    """Hand the server what a gate writes when this opened it."""
    facts = {"lane_id": "north-in", "method": credential.kind, "opens": True, "reason": "granted"}
    personal = {"person_id": credential.person_id, "credential_id": credential.credential_id}
    entry = chain_entry(GENESIS, 1, act.now, "access", facts, personal)
    verify_by_gate_events(replace(act, channel="gate"), [entry])


def open_page(act: Action, person: Person, invited: str) -> CredentialRow:
    """Open the phone page with an invitation, and show its code at a gate."""
    accept_invitation(act.session, act.sealer, invited, act.now)
    code = ensure_online_qr(by_phone(act, person.person_id), person.person_id)
    use(act, code)
    return code


def hand_out_new_pins(act: Action, building: str) -> None:
    """Print new PINs for all people of a building, and say that they were handed out."""
    run_id = begin_run(act, PINS, [building], everyone=True).run_id
    make_part(act, run_id)
    show_slips(act, run_id)
    hand_out(act, run_id)
