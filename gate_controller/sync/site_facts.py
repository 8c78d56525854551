"""Fetch what the office knows of this gate, and keep it only where the site file can be read with it."""

from contextlib import closing
from datetime import datetime
from pathlib import Path

import requests

from gate_controller.contract.site_facts import SITE_PATH, SiteFacts, SiteQuestion
from gate_controller.site_file.config import ConfigRefused, GateConfig
from gate_controller.site_file.load import load_config
from gate_controller.site_file.office_facts import FILE_NAME, store_facts, stored_facts
from gate_controller.storage.policy_store import GateIdentity, PolicyStore
from gate_controller.storage.secrets import gate_private_key
from gate_controller.sync.link import ServerLink, SyncRefused


class NotFetched(Exception):
    """The office's facts were not fetched, or do not go with the site file; says why and what to do."""


def fetch_facts(config: GateConfig, identity: GateIdentity, site_file: Path, now: datetime) -> SiteFacts:
    """Ask the server and keep its answer; raise NotFetched with the facts of before kept.

    The gate must not run meanwhile with the same counter: `menjin gate fetch` takes the next numbers of it.
    """
    section = config.gate
    store = PolicyStore(section.data_dir / "policy.sqlite3", identity, now)
    link = ServerLink(
        section.server_url,
        section.server_ca,
        identity.gate_id,
        gate_private_key(section.secrets_dir),
        store.next_counter,
    )
    with closing(store), closing(link):
        try:
            facts = link.post(SITE_PATH, SiteQuestion(), SiteFacts)
        except (requests.RequestException, SyncRefused) as err:
            raise NotFetched(f"{section.server_url}: {err}") from err
    before = stored_facts(section.data_dir)
    store_facts(section.data_dir, facts)
    try:
        load_config(site_file)
    except ConfigRefused as err:
        if before is None:
            (section.data_dir / FILE_NAME).unlink()
        else:
            store_facts(section.data_dir, before)
        raise NotFetched(f"the office's lane sheet does not go with the site file: {err}") from err
    return facts
