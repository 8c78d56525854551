"""The schema of the interface is what it does."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import FlakyStrategyDefinition
from hypothesis.stateful import run_state_machine_as_test
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import ensure_resource_availability, positive_data_acceptance
from sqlalchemy import select

from gate_controller.contract.records import CredentialKind
from tests.support.compounds.managed import ManagedCompound
from tests.web_admin.api.calling import Caller
from tests.web_admin.api.rules_of_operations import RULES, refused_by_a_rule
from web_admin.alarms.models import Alarm
from web_admin.compound.models import CredentialRow, Gate, Home, Lane, Person
from web_admin.visitors.models import VisitorPassRow

DOCUMENT = "/api/v1/openapi.json"
KINDS_OF_CALLS = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
BETWEEN_CALLS = timedelta(seconds=11)
"""So that no call is refused for coming too soon, not even the look-up of an unknown card."""
AFTER_A_CLOSED_HOME = "/api/v1/homes/{home_id}"
CARD_OF_THE_COMPOUND = "0004200001"
ENDINGS = ("/move-out", "/end")
QUIET = {
    "deadline": None,
    "database": None,
    "derandomize": True,
    "suppress_health_check": list(HealthCheck),
}


class Calls:
    """Calls with a key that may do everything: the ids in every second one are of rows that exist."""

    def __init__(self, compound: ManagedCompound, caller: Caller) -> None:
        self.compound = compound
        self.headers = {"Authorization": f"Bearer {caller.key}", "Accept-Language": "en"}
        self.answers: Counter[tuple[str, int]] = Counter()
        self.document = schemathesis.openapi.from_wsgi(DOCUMENT, compound.app)
        self.document.raw_schema.pop("security")  # every call has a key; test_keys takes it away
        self.made = 0
        self.known: dict[str, list[object]] = {}

    def look_what_exists(self) -> None:
        """Read the ids of this moment: what earlier calls made is among them."""
        with self.compound.act() as act:
            ids = (
                ("home_id", Home.home_id),
                ("person_id", Person.person_id),
                ("pass_id", VisitorPassRow.pass_id),
                ("alarm_id", Alarm.alarm_id),
                ("gate", Gate.number),
                ("gate_id", Gate.gate_id),
                ("lane_id", Lane.lane_id),
            )
            self.known = {name: sorted(act.session.scalars(select(column))) for name, column in ids}
            # A PIN is no card, and a card that has ended does nothing more.
            cards = select(CredentialRow.credential_id).where(
                CredentialRow.kind == CredentialKind.CARD, CredentialRow.ended_at.is_(None)
            )
            self.known["card_id"] = sorted(act.session.scalars(cards))

    def name_what_exists(self, case: schemathesis.Case) -> None:
        """Put ids of this compound and numbers of new cards into a valid call."""
        body = case.body if isinstance(case.body, dict) else {}
        for place in (case.path_parameters, case.query, body):
            for name in place:
                known = self.known.get(name)
                if known and place[name] is not None:
                    place[name] = known[self.made // 2 % len(known)]
        gate = self.known["gate"][self.made // 2 % len(self.known["gate"])]
        if case.query and case.method.upper() == "GET" and case.operation.path.endswith("/cards"):
            case.query["number"] = CARD_OF_THE_COMPOUND
        if body and case.operation.path.endswith("/cards"):
            body["number"] = f"{1_000_000 + self.made:010d}"
        if body and case.operation.path.endswith("/visitor-codes"):
            body["gate"] = gate
        if "gates" in body:
            body["gates"] = [gate]

    def note(self, case: schemathesis.Case, response: schemathesis.Response) -> None:
        """Count an answer and let time pass."""
        self.made += 1
        self.compound.clock.now += BETWEEN_CALLS
        self.answers[case.operation.label, response.status_code] += 1

    def throw_at(self, operation, kind: schemathesis.GenerationMode, examples: int) -> None:
        """Call one operation so many times; every check of the library judges every answer."""

        @settings(max_examples=examples, phases=[Phase.explicit, Phase.generate], **QUIET)
        @given(case=operation.as_strategy(generation_mode=kind))
        def calls(case: schemathesis.Case) -> None:
            if kind is KINDS_OF_CALLS[0] and self.made % 2:
                self.name_what_exists(case)
            response = case.call(headers=self.headers)
            self.note(case, response)
            allowed = [positive_data_acceptance] if refused_by_a_rule(case, response) else []
            case.validate_response(response, headers=self.headers, excluded_checks=allowed)

        self.look_what_exists()
        calls()


Throw = Callable[[int], list[str]]


@pytest.fixture
def calls(compound: ManagedCompound, caller: Caller) -> Calls:
    return Calls(compound, caller)


@pytest.fixture
def throw(calls: Calls) -> Throw:
    """Return a call that throws so many calls of each kind at every operation, and gives the operations."""

    def at_every_operation(examples: int) -> list[str]:
        labels = []
        operations = [found.ok() for found in calls.document.get_all_operations()]
        # Who has moved out gets no card any more: what ends comes last.
        for operation in sorted(operations, key=lambda operation: operation.path.endswith(ENDINGS)):
            labels.append(operation.label)
            # Where nothing is asked for, nothing can be wrong.
            wrong = KINDS_OF_CALLS[1:] if list(operation.query) or list(operation.body) else ()
            for kind in (*KINDS_OF_CALLS[:1], *wrong):
                calls.throw_at(operation, kind, examples)
        return labels

    return at_every_operation


def one_after_the_other(calls: Calls, scenarios: int, steps: int) -> Counter[tuple[str, str]]:
    """Play scenarios in which answers give the ids of later calls; return the links that were followed."""
    followed: Counter[tuple[str, str]] = Counter()
    wrong: list[BaseException] = []

    class Scenario(calls.document.as_state_machine()):  # type: ignore[misc]  # made from the document
        def get_call_kwargs(self, case: schemathesis.Case) -> dict[str, object]:
            # What is only tried makes nothing that a later call could name.
            if case.query and case.query.get("dry_run") == "true":
                del case.query["dry_run"]
            return {"headers": calls.headers}

        def after_call(self, response: schemathesis.Response, case: schemathesis.Case) -> None:
            super().after_call(response, case)
            calls.note(case, response)
            parent = self.recorder.find_parent(case_id=case.id)
            if parent is not None and response.status_code < 300:
                followed[parent.operation.label, case.operation.label] += 1

        def validate_response(
            self, response: schemathesis.Response, case: schemathesis.Case, **more: object
        ) -> None:
            allowed = [positive_data_acceptance] if refused_by_a_rule(case, response) else []
            if case.operation.path == AFTER_A_CLOSED_HOME:
                allowed.append(ensure_resource_availability)  # the library takes only DELETE for an end
            try:
                case.validate_response(
                    response, excluded_checks=allowed, headers=calls.headers, recorder=self.recorder
                )
            except FailureGroup as failure:
                wrong.append(failure)
                raise

        def teardown(self) -> None:
            super().teardown()
            played.append(self)

    played: list[Scenario] = []
    for number in range(scenarios):
        # Each in a run of its own: the compound keeps what earlier ones did, so the same draws may get
        # other answers, which the library takes for a fault of the test where one run holds both.
        alone = settings(max_examples=2, stateful_step_count=steps, phases=[Phase.generate], **QUIET)
        with suppress(FlakyStrategyDefinition):
            run_state_machine_as_test(seed(number)(Scenario), settings=alone)
        assert wrong == []
    assert len(played) >= 2 * scenarios
    return followed


@pytest.mark.wide
def test_no_call_crashes_and_every_answer_is_as_documented(throw: Throw) -> None:
    assert len(throw(6)) == 30


@pytest.mark.slow
def test_nor_do_many_calls_and_some_of_each_operation_succeed(throw: Throw, calls: Calls) -> None:
    labels = throw(80)
    assert len(labels) == 30
    assert [label for label in labels if not any(calls.answers[label, good] for good in (200, 201))] == []
    assert [answer for answer in calls.answers if answer[1] == 429] == []


@pytest.mark.wide
def test_no_call_after_another_crashes_and_every_answer_is_as_documented(calls: Calls) -> None:
    assert len(one_after_the_other(calls, scenarios=4, steps=12)) >= 2


@pytest.mark.slow
def test_nor_does_any_of_many_scenarios(calls: Calls) -> None:
    followed = one_after_the_other(calls, scenarios=60, steps=25)
    print(f"{sum(calls.answers.values())} calls, {len(followed)} links: {sorted(followed)}")
    assert len(followed) >= 30


def test_the_rules_are_of_operations_that_exist(calls: Calls) -> None:
    assert set(RULES) <= {found.ok().label for found in calls.document.get_all_operations()}


def test_other_languages_read_the_patterns_and_rare_characters_pass(calls: Calls) -> None:
    for schema in calls.document.raw_schema["components"]["schemas"].values():
        for field in schema["properties"].values():
            jsonschema_rs.validator_for({"type": "string", "pattern": field.get("pattern", "")})
    name = calls.document.raw_schema["components"]["schemas"]["NewPerson"]["properties"]["name"]
    judge = jsonschema_rs.validator_for(name)
    assert [judge.is_valid(text) for text in ("王芳", "𠮷田", "a\a", "a\n")] == [True, True, False, False]


def test_every_text_that_goes_in_is_bounded_by_the_document(caller):
    document = caller.get("/openapi.json")
    loose = []
    for path, operations in document["paths"].items():
        for name, operation in operations.items():
            found = operation if name == "parameters" else operation.get("parameters", [])
            loose += [(path, one["name"]) for one in found if unbounded(one["schema"])]
    for name, schema in document["components"]["schemas"].items():
        taken = schema["properties"] if name.startswith("New") or name in TAKEN else {}
        loose += [(name, field) for field, what in taken.items() if unbounded(what)]
    assert loose == []


TAKEN = ("PersonEdit", "CardEnd", "AlarmSeen")


def unbounded(schema):
    """Return whether a text may be of any length or of any signs."""
    is_text = schema.get("type") == "string" and not {"enum", "format"} & set(schema)
    is_short = "maxLength" in schema or schema.get("pattern", "").endswith("{16}$")
    return is_text and not ("pattern" in schema and is_short)
