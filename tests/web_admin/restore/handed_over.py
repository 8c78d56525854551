"""A restored server, and what its gates hand over."""

import msgspec

from gate_controller.contract.messages import (
    HANDOVER_PATH,
    HandoverReply,
)
from web_admin.action.base import Action
from web_admin.compound.models import CredentialRow
from web_admin.policy.effects import PolicyEffects


def manager(session, sealer, site, clock):
    return Action(session, sealer, site, "m", "manager", clock.now, effects=PolicyEffects(sealer))


def post_all(played, gate):
    reply = HandoverReply(after="")
    while not reply.done:
        answer = played.post(HANDOVER_PATH, gate.store.handover_page(reply.after))
        assert answer.status_code == 200, answer.text
        reply = msgspec.json.decode(answer.data, type=HandoverReply)


def state_of(database, card):
    with database.session() as session:
        return session.get_one(CredentialRow, card).state
