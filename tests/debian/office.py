"""What staff do in the office, done on the machine by the installed server's own actions.

Usage: office.py add-gate, which prints a one-time code; office.py approve PHRASE.
"""

import os
import sys
from datetime import UTC, datetime

from tests.support.acting import add_live_lane, household, manager
from web_admin.cli.data_dir import sealer_of
from web_admin.compound.queries import one_site
from web_admin.core.config import load_config
from web_admin.core.database import Database, make_engine
from web_admin.credentials.cards import issue_card
from web_admin.gates.actions import add_gate
from web_admin.gates.orders import approve_pairing, make_pair_code
from web_admin.gates.queries import pairings_of_gate
from web_admin.gates.rules import LaneSpec

CARD = 4_200_000


def main() -> None:
    """Do one thing."""
    config = load_config(os.environ)
    sealer, database = sealer_of(config), Database(make_engine(config.database_url))
    with database.session() as session:
        act = manager(session, sealer, one_site(session).site_id, datetime.now(UTC))
        if sys.argv[1] == "add-gate":
            add_gate(act, "north", "North")
            add_live_lane(act, "north", LaneSpec("north-in", "In", "in", ("card", "pin")))
            _home, person = household(act, "3-1")
            issue_card(act, person.person_id, CARD)
            print(make_pair_code(act, "north"))
        else:
            (attempt,) = pairings_of_gate(session, "north", ("waiting",))
            assert attempt.phrase == sys.argv[2], attempt.phrase
            approve_pairing(act, attempt.pair_id)
    database.engine.dispose()


if __name__ == "__main__":
    main()
