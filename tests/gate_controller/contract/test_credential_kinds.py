"""What each kind of credential means, and that a gate opens exactly for those that the rule calls usable."""

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate_controller.contract.credential_kinds import (
    IDENTIFYING_KINDS,
    KINDS,
    KINDS_OF_PERSONS,
    OWN_KINDS,
    TYPED_KINDS,
    is_in_time,
    is_usable,
    own_method,
    usable_methods,
)
from gate_controller.contract.records import (
    CardCredential,
    Credential,
    CredentialKind,
    CredentialState,
    EmergencyCodeCredential,
    Method,
    PinCredential,
    QrCredential,
    VisitorCodeCredential,
)
from gate_controller.rules.access import decide
from gate_controller.rules.decision import Claim, GateMemory
from tests.support.compounds.people import card, person
from tests.support.examples import examples
from tests.support.gates.worlds import CARD_KEY, PERSON, policy_of
from tests.support.source import tree_of

NOON = datetime(2026, 3, 4, 11, 0, tzinfo=UTC)
RECORDS = {
    CredentialKind.CARD: CardCredential,
    CredentialKind.PIN: PinCredential,
    CredentialKind.QR: QrCredential,
    CredentialKind.VISITOR_CODE: VisitorCodeCredential,
    CredentialKind.EMERGENCY_CODE: EmergencyCodeCredential,
}
bounds = st.none() | st.integers(-2, 2).map(lambda seconds: NOON + timedelta(seconds=seconds))


def test_every_kind_has_its_facts_and_its_record_on_the_wire() -> None:
    assert set(KINDS) == set(CredentialKind) == set(RECORDS)
    assert set(RECORDS.values()) == set(Credential.__args__)
    for kind, record in RECORDS.items():
        made = record("c1", "p1")
        assert made.kind is kind
        assert msgspec.json.decode(msgspec.json.encode(made))["kind"] == kind.value


def test_the_kinds_are_the_ones_that_the_house_had_in_its_lists() -> None:
    card_, pin, qr, visitor_code = list(CredentialKind)[:4]
    assert (card_, pin, qr) == OWN_KINDS
    assert (card_, pin, qr, visitor_code) == KINDS_OF_PERSONS
    assert (pin, visitor_code) == TYPED_KINDS
    assert (card_, pin) == IDENTIFYING_KINDS
    assert {kind: KINDS[kind].method for kind in OWN_KINDS} == {
        card_: Method.CARD,
        pin: Method.PIN,
        qr: Method.QR,
    }


@pytest.mark.parametrize(
    ("credential", "method"),
    [
        (CardCredential("c", "p"), Method.CARD),
        (PinCredential("c", "p"), Method.PIN),
        (PinCredential("c", "p", duress=True), None),
        (QrCredential("c", "p"), Method.QR),
        (VisitorCodeCredential("c", "p"), None),
        (EmergencyCodeCredential("c", "p"), None),
    ],
)
def test_a_code_of_others_and_a_duress_pin_are_no_method_of_their_own(
    credential: Credential, method: Method | None
) -> None:
    assert own_method(credential) is method
    assert usable_methods([credential], NOON) == ({method} if method else set())


@pytest.mark.parametrize(
    ("state", "begins", "ends", "usable", "in_time"),
    [
        (CredentialState.ACTIVE, None, None, True, True),
        (CredentialState.ACTIVE, 0, None, True, True),
        (CredentialState.ACTIVE, 1, None, False, False),
        (CredentialState.ACTIVE, None, 1, True, True),
        (CredentialState.ACTIVE, None, 0, False, False),
        (CredentialState.ACTIVE, -2, -1, False, False),
        (CredentialState.SUSPENDED, None, None, False, True),
        (CredentialState.SUSPENDED, -1, 1, False, True),
        (CredentialState.SUSPENDED, 1, None, False, False),
        (CredentialState.SUSPENDED, None, 0, False, False),
    ],
)
def test_a_credential_is_usable_from_its_first_moment_until_before_its_last(
    state: CredentialState, begins: int | None, ends: int | None, usable: bool, in_time: bool
) -> None:
    first, last = (None if at is None else NOON + timedelta(seconds=at) for at in (begins, ends))
    shown = CardCredential("c", "p", state=state, valid_from=first, valid_until=last)
    assert (is_usable(shown, NOON), is_in_time(shown, NOON)) == (usable, in_time)
    assert usable_methods([shown], NOON) == ({Method.CARD} if usable else set())


@settings(max_examples=examples(400), deadline=None)
@given(state=st.sampled_from(CredentialState), begins=bounds, ends=bounds)
def test_a_gate_opens_for_a_card_exactly_while_it_is_usable(
    state: CredentialState, begins: datetime | None, ends: datetime | None
) -> None:
    shown = msgspec.structs.replace(card(7, CARD_KEY), state=state, valid_from=begins, valid_until=ends)
    policy = policy_of(person(), shown, issued_at=NOON)
    decision = decide(Claim(Method.CARD, PERSON, shown), "north-in", policy, GateMemory(), NOON)
    assert decision.opens is is_usable(shown, NOON)


ROOT = Path(__file__).parents[3]
WORDS = {*map(str, KINDS_OF_PERSONS), *map(str, Method)}
A_WORD = re.compile(f"""["']({"|".join(sorted(WORDS))})["']""")
"""A file that lists or compares them has this; others need not be parsed."""


def _named_by_texts(folder: str) -> Iterator[str]:
    """Yield where kinds or methods are listed, or a kind is compared, by texts."""
    paths = sorted((ROOT / folder).rglob("*.py"))
    for path in (path for path in paths if A_WORD.search(path.read_text(encoding="utf-8"))):
        for node in ast.walk(tree_of(path)):
            listed = node.elts if isinstance(node, ast.Tuple | ast.List | ast.Set) else []
            is_list = len(listed) > 1 and all(_is_word(part) for part in listed)
            of_kind = isinstance(node, ast.Compare) and getattr(node.left, "attr", "") == "kind"
            if is_list or (of_kind and any(_is_word(part) for part in node.comparators)):
                yield path.relative_to(ROOT).as_posix()


def _is_word(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value in WORDS


def test_kinds_are_listed_and_compared_nowhere_by_texts() -> None:
    found = {path for folder in ("gate_controller", "web_admin") for path in _named_by_texts(folder)}
    migrations = {path for path in found if path.startswith("web_admin/migrations/")}
    assert found - migrations == {"web_admin/face/gate_answers.py"}  # the facts of an entry, by their type
