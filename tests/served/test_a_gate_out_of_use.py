"""A gate out of use over real sockets: the server answers it nothing more, and it goes on alone."""

from pathlib import Path

import msgspec
from sqlalchemy import func, select

from gate_controller.contract.messages import Refusal
from gate_controller.storage.secrets import gate_private_key
from tests.served.gates_beside import gate_process_beside
from tests.served.served_compound import ServedCompound
from tests.served.signed_gate import SignedGate
from tests.support.compounds.desk import CARD_OF_WANG, read
from web_admin.gates.out_of_use import take_out_of_use
from web_admin.journal.models import GateEvent

LATER_COUNTER = 10**6


def take_north(served: ServedCompound) -> None:
    with served.compound.act("manager") as act:
        take_out_of_use(act, "north")


def test_a_gate_that_runs_on_opens_by_the_rules_it_has_and_is_heard_no_more(
    served: ServedCompound, tmp_path: Path
) -> None:
    def arrived() -> int:
        count = select(func.count()).select_from(GateEvent).where(GateEvent.gate_id == "north")
        return int(read(served.compound, lambda s: s.scalar(count)))

    with gate_process_beside(served, "north", tmp_path / "north") as gate:
        assert gate.answers(lambda: gate.bench.card.tap(int(CARD_OF_WANG))) == ("granted", True)
        take_north(served)
        before = arrived()
        # By the rules it has: the newest may not have come before its requests are refused.
        assert gate.decides(lambda: gate.bench.card.tap(int(CARD_OF_WANG))) == ("granted", True)
        key = gate_private_key(gate.bench.root / "secrets")
        said = SignedGate(served.address, served.compound.site_id, "north", key, LATER_COUNTER).asks()
        refusal = msgspec.json.decode(said.content, type=Refusal)
        assert (said.status_code, refusal.error) == (403, "gate_retired")
        assert arrived() == before
