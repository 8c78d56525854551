"""The server as it is served, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.served.served_compound import ServedCompound, serve_compound
from web_admin.core.config import WebConfig


@pytest.fixture
def served(web_config: WebConfig, tmp_path: Path) -> Iterator[ServedCompound]:
    """Return a filled compound behind `menjin web run`: two workers on PostgreSQL, one on SQLite."""
    with serve_compound(web_config, tmp_path) as made:
        yield made
