"""In which language a request is answered."""

from datetime import UTC, datetime

from sqlalchemy import text

from gate_controller.contract.messages import EVENTS_PATH
from tests.support.clock import SetClock
from tests.support.compounds.managed import make_managed_compound
from web_admin.core.config import WebConfig
from web_admin.core.database import current_menjin
from web_admin.web.language import choose_language


def test_a_gates_request_reads_the_sites_language_beside_its_own_transaction(web_config: WebConfig) -> None:
    """A refusal is put into words while the gate's request holds the write lock of SQLite."""
    compound = make_managed_compound(web_config, SetClock(datetime.now(UTC)))
    with compound.app.test_request_context(EVENTS_PATH, method="POST"):
        with current_menjin().database.session() as session:
            session.execute(text("UPDATE site SET language = 'zh'"))
        with current_menjin().database.session() as session:
            session.execute(text("UPDATE site SET name = name"))
            assert choose_language() == "zh"
    compound.close()
