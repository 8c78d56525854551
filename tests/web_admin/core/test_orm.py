"""Types of columns: aware times alone, and JSON as Python reads it."""

import json
from datetime import UTC, datetime

import pytest

from web_admin.compound.keys import create_site
from web_admin.compound.models import Site
from web_admin.core.orm import read_json

pytestmark = pytest.mark.both_databases


def test_a_naive_time_may_not_be_stored(database, sealer):
    with pytest.raises(Exception, match="without zone"), database.session() as session:
        create_site(session, sealer, "S", "UTC", "en", "x", datetime(2026, 1, 1))  # noqa: DTZ001 - the point


def test_times_come_back_aware_in_utc(database, site, now):
    with database.session() as session:
        session.expire_all()
        assert session.get_one(Site, site).created_at == now
        assert session.get_one(Site, site).created_at.tzinfo == UTC


@pytest.mark.parametrize(
    "text",
    ['["card"]', '{"a": 1.0}', "12345678901234567890123", '"\\ud800"', "1e400", '{"a": 1, "a": 2}', "null"],
)
def test_a_column_of_json_is_read_as_python_reads_it(text):
    assert read_json(text) == json.loads(text)
    assert read_json(text.encode()) == json.loads(text)
