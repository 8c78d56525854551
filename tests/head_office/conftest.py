"""Fixtures of all tests of the head office."""

from collections.abc import Iterator

import pytest

from head_office.accounts import PASSWORDS


@pytest.fixture(scope="module", autouse=True)
def passwords_hashed_quickly() -> Iterator[None]:
    """Take the time out of the hash in this process: a hundred tries are judged in these tests."""
    real = PASSWORDS.to_dict()
    PASSWORDS.update(argon2__time_cost=1, argon2__memory_cost=64, argon2__parallelism=1)
    yield
    PASSWORDS.load(real)
