"""Gates that are answered in one batch: a compound of some, and what each of them sends and is answered."""

from dataclasses import dataclass

import pytest
from sqlalchemy import select

from gate_controller.contract.messages import ASK_PATH
from tests.support.compounds.with_gates import PlayedGate
from web_admin.compound.models import Gate
from web_admin.sync.fast_path import WholeRequest

GATES = 4


def on_postgresql(test):
    """Mark a test of rows that another transaction locks, or of a plan: on SQLite one transaction writes."""
    only = pytest.mark.parametrize(
        "database_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
    )
    return pytest.mark.one_database(only(test))


@dataclass
class Fleet:
    """Gates with the newest policy, each answered so, and the app that answers them."""

    app: object
    gates: list[PlayedGate]
    person_id: str

    @property
    def fast_path(self):
        return self.app.extensions["menjin_fast_path"]

    def batch(self, requests):
        """Return the answers to these requests, read, by number; what is not answered is left out."""
        answers = self.fast_path.answer(requests)
        return {number: answer for number, answer in enumerate(answers) if answer is not None}

    def ask(self, now, gates=None):
        """Return what each gate is answered, by id; gates without an answer are left out."""
        gates = self.gates if gates is None else gates
        answers = self.batch([request_of(gate, ASK_PATH, gate.question(now)) for gate in gates])
        for answer in answers.values():
            assert answer.status == "200 OK", answer
        return {gates[number].gate_id: read(gates[number], answer) for number, answer in answers.items()}


def request_of(gate, path, message):
    """Return a gate's next request as it arrives."""
    sent = []

    class Kept:
        def post(self, path, data, headers):
            named = {name.upper().replace("-", "_"): value for name, value in headers.items()}
            sent.append(WholeRequest("POST", path, "", named, data))

    client, gate.client = gate.client, Kept()
    gate.post(path, message)
    gate.client = client
    return sent[0]


def read(gate, answer):
    return gate.read(type("Answer", (), {"data": answer.body}))


def noted(database):
    """Return what the database has of each gate that a call may change."""
    with database.session() as session:
        return {
            gate.gate_id: (gate.request_counter, gate.last_seen_at, gate.have_version, gate.behind_since)
            for gate in session.scalars(select(Gate))
        }
