"""A gate whose program is older than the server's: real processes, real bytes, a card that was ended."""

from pathlib import Path

import msgspec
import pytest

from gate_controller import cli
from gate_controller.contract import records
from tests.served.gates_beside import gate_process_beside
from tests.served.served_compound import ServedCompound
from web_admin.action.base import publish
from web_admin.compound.models import CredentialRow, Gate, Person
from web_admin.credentials.actions import end_credential

pytestmark = pytest.mark.wide

LIN, CHEN = 4_200_000, 4_200_001
"""The cards of 林薇 and 陈立."""


class OfAnEarlierVersion:
    """A decoder from before people who pass slowly."""

    def __init__(self, newer: "msgspec.json.Decoder[object]") -> None:
        self._newer = newer

    def decode(self, value: bytes) -> object:
        if b"slow_pass" in bytes(value):
            raise msgspec.ValidationError("Object contains unknown field `slow_pass`")
        return self._newer.decode(value)


def older_gate(arguments: list[str]) -> int:
    """Run `menjin gate` without one field of the contract."""
    records._DECODERS["person"] = OfAnEarlierVersion(records._DECODERS["person"])  # type: ignore[assignment]
    return cli.run(arguments)


def test_one_person_with_a_newer_field_keeps_no_ended_card_alive(
    served: ServedCompound, tmp_path: Path
) -> None:
    with gate_process_beside(served, "north", tmp_path / "gate", command=older_gate) as gate:
        assert gate.answers(lambda: gate.bench.card.tap(LIN)) == ("granted", True)
        assert gate.answers(lambda: gate.bench.card.tap(CHEN)) == ("granted", True)
        with served.compound.act() as act:
            act.session.get_one(Person, served.compound.persons["林薇"]).slow_pass = True
            publish(act)
        assert gate.answers(lambda: gate.bench.card.tap(LIN))[1] is False, "what it does not understand"
        with served.compound.act() as act:
            (card,) = [
                row
                for row in act.session.query(CredentialRow)
                if row.person_id == served.compound.persons["陈立"] and row.kind == "card"
            ]
            end_credential(act, card.credential_id, "lost")
        assert gate.answers(lambda: gate.bench.card.tap(CHEN))[1] is False, "the card was ended"
        gate.has_synced()
        with served.compound.act() as act:
            trouble = act.session.get_one(Gate, "north").policy_trouble
        assert "1 of a later version" in trouble and "slow_pass" in trouble
        health = served.signed_in("manager").get("/manage/health").text
        assert "Rules of a later version" in health
