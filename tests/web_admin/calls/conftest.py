"""A gate that calls, and a home that takes calls."""

import pytest

from tests.support.compounds.resident import Compound
from tests.web_admin.calls.played_calls import CallingGate, calling_gate, wants


@pytest.fixture
def gate(small_compound: Compound) -> CallingGate:
    return calling_gate(small_compound)


@pytest.fixture
def called(small_compound: Compound, gate: CallingGate) -> CallingGate:
    """Return the gate; the first home takes calls."""
    wants(small_compound)
    return gate
