"""What it costs that a head office asks a compound how it is: there, at the compound and in PostgreSQL."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from head_office.asking.rounds import Rounds
from head_office.settings import Compound, Settings
from head_office.storage import Storage
from tests.bench.cost_meters import Meter, ran
from tests.served.real_caddy import Proxy
from web_admin.accounts.api_keys import make_api_key
from web_admin.action.base import new_action
from web_admin.compound.models import Site
from web_admin.core.database import Menjin

ASKS = 200
WORD = "lakeside"


def asked(
    menjin: Menjin, proxy: Proxy, web: Meter, postgres: Meter, folder: Path
) -> Iterator[tuple[str, float]]:
    """Ask one compound behind its proxy again and again; yield names of costs and milliseconds an ask."""
    with menjin.database.session() as session:
        site_id = session.scalars(select(Site.site_id)).one()
        act = new_action(menjin, session, site_id, "bench", "manager")
        until = act.now + timedelta(days=1)
        key = make_api_key(act, name="x", scopes=["overview:read"], valid_until=until).text
    (folder / "keys").mkdir(parents=True)
    file = folder / "keys" / f"{WORD}.key"
    file.write_text(key)
    file.chmod(0o600)
    storage = Storage(folder)
    rounds = Rounds(folder, Settings(ca_file=str(proxy.server_ca)), storage, lambda: datetime.now(UTC))
    compound = Compound(WORD, WORD, proxy.address)
    if trouble := rounds.ask_one(compound):  # it works out the figures of the day, once
        raise AssertionError(trouble)
    with ran(web, postgres) as spent:
        began = time.process_time()
        for _ask in range(ASKS):
            rounds.ask_one(compound)
        own = time.process_time() - began
    storage.close()
    yield "head_office_asks", own / ASKS * 1000
    yield "overview_web", spent[0] / ASKS * 1000
    yield "overview_postgres", spent[1] / ASKS * 1000
