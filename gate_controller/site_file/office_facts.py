"""Fill a site file with what the office said at the last pairing or `menjin gate fetch`.

The file's own words go first. Facts are fetched by command and checked with the site file then, never while
the gate runs: a change in the office must not keep a gate from starting.
"""

import os
from collections.abc import MutableMapping
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from gate_controller.contract.site_facts import SiteFacts

FILE_NAME = "site_facts.json"


def store_facts(data_dir: Path, facts: SiteFacts) -> None:
    """Put the office's facts on the disk, whole or not at all."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = data_dir / f".{FILE_NAME}.part"
    with part.open("wb") as file:
        file.write(msgspec.json.encode(facts))
        file.flush()
        os.fsync(file.fileno())
    part.replace(data_dir / FILE_NAME)


def stored_facts(data_dir: Path) -> SiteFacts | None:
    """Return the office's facts; None where none were fetched or this version cannot read them."""
    try:
        return msgspec.json.decode((data_dir / FILE_NAME).read_bytes(), type=SiteFacts)
    except (OSError, msgspec.MsgspecError):
        return None


def fill_in(tables: MutableMapping[str, Any]) -> None:
    """Add to a site file's tables what they do not say and the office does."""
    gate, lanes = tables.get("gate"), tables.get("lane")
    if not isinstance(gate, dict) or not isinstance(gate.get("data_dir"), str):
        return
    facts = stored_facts(Path(gate["data_dir"]))
    if facts is None:
        return
    gate.setdefault("language", facts.language.value)
    gate.setdefault("card_bits", facts.card_bits)
    for lane in facts.lanes:
        section = lanes.get(lane.lane_id) if isinstance(lanes, dict) else None
        if isinstance(section, dict) and "sheet" not in section and lane.sheet is not None:
            section["sheet"] = msgspec.to_builtins(lane.sheet, builtin_types=(date,))
