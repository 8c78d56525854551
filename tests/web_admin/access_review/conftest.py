"""A compound in which everything is to be confirmed: filled once, and copied for each test."""

import secrets
from datetime import datetime

import pytest

from tests.support.acting import manager
from tests.support.compounds.filled_once import Ids, filled_once
from tests.web_admin.access_review.reviewed import Compound, fill, found_again, ids_of
from web_admin.action.base import Action
from web_admin.compound.keys import create_site
from web_admin.core.config import WebConfig
from web_admin.core.database import Database
from web_admin.core.effects import NoEffects
from web_admin.core.sealing import Sealer

SEALER = Sealer(*(secrets.token_bytes(32) for _key in range(3)))
"""Of the whole run: what is copied was sealed by it."""


@pytest.fixture
def sealer() -> Sealer:
    return SEALER


@pytest.fixture
def filled_site(web_config: WebConfig, database: Database, sealer: Sealer, now: datetime) -> Ids:
    def fill_site() -> Ids:
        with database.session() as session:
            site, _pem = create_site(
                session, sealer, "Willow Court", "Asia/Shanghai", "en", "passphrase", now
            )
            return site.site_id, ids_of(fill(manager(session, sealer, site.site_id, now, NoEffects())))

    return filled_once(web_config, lambda: now, database.engine, fill_site, what="a site to be reviewed")


@pytest.fixture
def site(request: pytest.FixtureRequest, database: Database, sealer: Sealer, now: datetime) -> str:
    """Return the id of a site: a filled one where the test asks for `compound`, else an empty one."""
    if "compound" in request.fixturenames:
        filled: Ids = request.getfixturevalue("filled_site")
        return filled[0]
    with database.session() as session:
        return create_site(session, sealer, "Willow Court", "Asia/Shanghai", "en", "passphrase", now)[
            0
        ].site_id


@pytest.fixture
def compound(act: Action, filled_site: Ids) -> Compound:
    return found_again(act, filled_site[1])
