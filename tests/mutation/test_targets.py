"""The map from modules of rules to their tests names files that are there."""

import re

import pytest

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
