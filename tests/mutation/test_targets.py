"""The map from modules of rules to their tests names files that are there."""

import pytest

from tests.mutation.run import ROOT, TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_names_a_module_and_tests_that_exist(name: str) -> None:
    target = TARGETS[name]
    assert [path for path in (target.module, *target.tests) if not (ROOT / path).is_file()] == []
