"""The map from modules of rules to their tests names files that are there."""

import importlib
import re

import pytest

from tests.mutation.making_again import make_again
from tests.mutation.run import ROOT, TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_names_a_module_and_tests_that_exist(name: str) -> None:
    target = TARGETS[name]
    assert [path for path in (target.module, *target.tests) if not (ROOT / path).is_file()] == []


@pytest.mark.parametrize("name", TARGETS)
def test_no_operator_begins_lines_in_parentheses_of_its_own(name: str) -> None:
    """mutmut drops such an operator with its parentheses: then no mutant of the module is tried."""
    source = (ROOT / TARGETS[name].module).read_text()
    assert re.findall(r"\(\n\s+(?:[~+-]|not ).*", source) == []


MADE = sorted({name for target in TARGETS.values() for name in target.made_at_import})


@pytest.mark.parametrize("name", MADE)
def test_what_is_made_at_import_is_made_again_in_its_place(name: str) -> None:
    module, _, attribute = name.rpartition(".")
    value = getattr(importlib.import_module(module), attribute)
    before = dict(value)
    make_again([name], "sqlite")
    after = dict(value)
    assert after.keys() == before.keys() == {"sqlite", "postgresql"}
    assert {dialect: after[dialect] is before[dialect] for dialect in after} == {
        "sqlite": False,
        "postgresql": True,
    }
