"""The whole server with a small compound, and people signed in on their phones."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from flask.testing import FlaskClient

from tests.support.clock import SetClock
from tests.support.compounds.resident import Compound, make_compound
from web_admin.core.config import WebConfig
from web_admin.core.database import current_menjin


@pytest.fixture
def clock(now: datetime) -> SetClock:
    return SetClock(now)


@pytest.fixture
def compound(request: pytest.FixtureRequest, web_config: WebConfig, clock: SetClock) -> Iterator[Compound]:
    made = make_compound(web_config, clock, with_phone="phone" in request.fixturenames)
    yield made
    with made.app.app_context():
        current_menjin().database.engine.dispose()


@pytest.fixture
def phone(compound: Compound) -> FlaskClient:
    return compound.phone()


@pytest.fixture
def neighbour(compound: Compound) -> FlaskClient:
    return compound.signed_in(compound.neighbour_id)
