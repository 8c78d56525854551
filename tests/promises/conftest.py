"""Fixtures of all tests of promises."""

from collections.abc import Iterator

import pytest

from tests.support.quick_hashes import hashed_quickly


@pytest.fixture(scope="module")
def codes_hashed_quickly() -> Iterator[None]:
    """Hash PINs and one-time codes quickly, for a module whose server and gates are in this process alone."""
    with hashed_quickly():
        yield
