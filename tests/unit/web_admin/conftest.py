"""What the tests of acts share."""

from collections.abc import Iterator
from datetime import datetime

import pytest

from tests.unit.web_admin.acting import manager
from web_admin.acts import Act
from web_admin.database import Database
from web_admin.sealing import Sealer


@pytest.fixture
def act(database: Database, sealer: Sealer, site: str, now: datetime) -> Iterator[Act]:
    """Return an act of the manager in an open transaction, which is committed at the end."""
    with database.session() as session:
        yield manager(session, sealer, site, now)
