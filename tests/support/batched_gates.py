"""Gates that are answered in one batch: a compound of some, and what each of them sends and is answered."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar, cast

import msgspec
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from gate_controller.contract.messages import ASK_PATH, AskReply
from tests.support.compounds.with_gates import PlayedGate
from web_admin.compound.models import Gate
from web_admin.core.database import Database
from web_admin.sync.fast_path import Answer, FastPath, WholeRequest

GATES = 4
Test = TypeVar("Test", bound=Callable[..., None])


def on_postgresql(test: Test) -> Test:
    """Mark a test of rows that another transaction locks, or of a plan: on SQLite one transaction writes."""
    only = pytest.mark.parametrize(
        "database_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
    )
    return cast("Test", pytest.mark.one_database(only(test)))


def on_sqlite(test: Test) -> Test:
    """Mark a test of what SQLite alone does."""
    only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
    return cast("Test", pytest.mark.one_database(only(test)))


@dataclass
class Fleet:
    """Gates with the newest policy, each answered so, and the app that answers them."""

    app: Flask
    gates: list[PlayedGate]
    person_id: str

    @property
    def fast_path(self) -> FastPath:
        path: FastPath = self.app.extensions["menjin_fast_path"]
        return path

    def batch(self, requests: Sequence[WholeRequest]) -> dict[int, Answer]:
        """Return the answers to these requests, read, by number; what is not answered is left out."""
        answers = self.fast_path.answer(requests)
        return {number: answer for number, answer in enumerate(answers) if answer is not None}

    def ask(self, now: datetime, gates: Sequence[PlayedGate] | None = None) -> dict[str, AskReply]:
        """Return what each gate is answered, by id; gates without an answer are left out."""
        gates = self.gates if gates is None else gates
        answers = self.batch([request_of(gate, ASK_PATH, gate.question(now)) for gate in gates])
        for answer in answers.values():
            assert answer.status == "200 OK", answer
        return {gates[number].gate_id: read(gates[number], answer) for number, answer in answers.items()}


def request_of(gate: PlayedGate, path: str, message: msgspec.Struct | bytes) -> WholeRequest:
    """Return a gate's next request as it arrives."""
    sent: list[WholeRequest] = []

    class Kept:
        def post(self, path: str, data: bytes, headers: Mapping[str, str]) -> None:
            named = {name.upper().replace("-", "_"): value for name, value in headers.items()}
            sent.append(WholeRequest("POST", path, "", named, data))

    client, gate.client = gate.client, cast("FlaskClient", Kept())
    gate.post(path, message)
    gate.client = client
    return sent[0]


def read(gate: PlayedGate, answer: Answer) -> AskReply:
    return gate.opened(answer.body)


def noted(database: Database) -> dict[str, tuple[object, ...]]:
    """Return what the database has of each gate that a call may change."""
    with database.session() as session:
        return {
            gate.gate_id: (gate.request_counter, gate.last_seen_at, gate.have_version, gate.behind_since)
            for gate in session.scalars(select(Gate))
        }
