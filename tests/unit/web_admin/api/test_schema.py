"""What the interface's own document allows and forbids is thrown at it: no crash, no undocumented answer."""

from collections.abc import Callable

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.unit.web_admin.api.calling import Caller

DOCUMENT = "/api/v1/openapi.json"
KINDS_OF_CALLS = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)

Throw = Callable[[int], list[str]]


@pytest.fixture
def throw(compound, caller: Caller) -> Throw:
    """Return a call that throws so many calls of each kind at every operation, and gives the operations."""

    def at_every_operation(examples: int) -> list[str]:
        document = schemathesis.openapi.from_wsgi(DOCUMENT, compound.app)
        document.raw_schema.pop("security")  # every call has a key; test_keys takes it away
        labels = []
        for found in document.get_all_operations():
            operation = found.ok()
            labels.append(operation.label)
            # Where nothing is asked for, nothing can be wrong.
            wrong = KINDS_OF_CALLS[1:] if list(operation.query) or list(operation.body) else ()
            for kind in (*KINDS_OF_CALLS[:1], *wrong):
                _throw_at(operation, kind, examples, caller)
        return labels

    return at_every_operation


def _throw_at(operation, kind: schemathesis.GenerationMode, examples: int, caller: Caller) -> None:
    @settings(
        max_examples=examples, deadline=None, phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck), database=None,
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=kind))
    def calls(case: schemathesis.Case) -> None:
        # A sentence of the rules may refuse what the document allows: a home that exists already.
        case.call_and_validate(
            headers={"Authorization": f"Bearer {caller.key}"}, excluded_checks=[positive_data_acceptance]
        )

    calls()


def test_no_call_crashes_and_every_answer_is_as_documented(throw: Throw) -> None:
    assert len(throw(6)) == 24


@pytest.mark.slow
def test_nor_do_many_calls(throw: Throw) -> None:
    assert len(throw(80)) == 24
