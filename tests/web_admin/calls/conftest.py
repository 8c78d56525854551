"""A gate that calls, and a home that takes calls."""

from itertools import count

import pytest

from tests.support.compounds.resident import Compound
from tests.web_admin.calls.played_calls import CallingGate, calling_gate, wants
from web_admin.gates.ask_bounds import AskBounds


@pytest.fixture
def gate(small_compound: Compound, monkeypatch: pytest.MonkeyPatch) -> CallingGate:
    """Return a gate that is never too quick: by its bounds a second is over with each message."""
    seconds = AskBounds(count(1.0).__next__)
    monkeypatch.setitem(small_compound.app.extensions, "menjin_call_bounds", seconds)
    return calling_gate(small_compound)


@pytest.fixture
def called(small_compound: Compound, gate: CallingGate) -> CallingGate:
    """Return the gate; the first home takes calls."""
    wants(small_compound)
    return gate
