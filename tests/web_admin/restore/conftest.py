"""Gates of a restored server."""

import pytest

from tests.support.compounds.restored_gates import StoringGate
from tests.web_admin.restore.handed_over import manager
from web_admin.compound.models import CredentialRow, Site
from web_admin.credentials.actions import suspend_credential
from web_admin.restore.actions import begin_restoring


@pytest.fixture
def holding(database, sealer, card, site, tmp_path, clock):
    """Return the north gate's store; its policy has the card suspended, the server is back to before."""
    with database.session() as session:
        gate = StoringGate.open(session, "north", tmp_path / "north.sqlite3", clock.now)
        before = session.get_one(Site, site).version
        suspend_credential(manager(session, sealer, site, clock), card)
        gate.sync(session, sealer, clock.now)
        # As the backup has it: the card works, and the site's version is the one before.
        session.get_one(CredentialRow, card).state = "active"
        session.get_one(Site, site).version = before
        session.flush()
        begin_restoring(session, sealer, site, clock.now)
    yield gate
    gate.store.close()
