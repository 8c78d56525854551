"""A gate on the bench that a real server knows: its keys are in the server's tables, as after pairing."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from gate_controller.contract.signing import public_bytes
from gate_controller.storage.policy_store import GateIdentity
from gate_controller.storage.secrets import gate_private_key, write_secret
from tests.support.compounds.managed import ManagedCompound
from tests.support.compounds.resident import Compound
from tests.support.gates.bench import CARD_KEY, PIN_KEY, BenchGate, bench_gate
from web_admin.action.base import publish
from web_admin.compound.models import Gate, Site
from web_admin.core.database import current_menjin


@contextmanager
def gate_beside(
    compound: Compound | ManagedCompound,
    server_url: str,
    root: Path,
    *,
    more: str = "",
    gate_id: str = "north",
) -> Iterator[BenchGate]:
    """Lay out the gate and let the server know it; nothing runs yet, and the gate has no policy."""
    with bench_gate(root, more=more) as bench:
        bench.server_url = server_url
        with compound.act() as act:
            site = act.session.get_one(Site, compound.site_id)
            gate = act.session.get_one(Gate, gate_id)
            sealer = current_menjin().sealer
            gate.public_key = public_bytes(gate_private_key(root / "secrets"))
            gate.journal_id = f"{gate_id}.1"
            gate.card_key_sealed = sealer.seal(CARD_KEY, purpose="gate-key")
            gate.pin_key_sealed = sealer.seal(PIN_KEY, purpose="gate-key")
            identity = GateIdentity(site.site_id, gate_id, site.root_public_key)
            publish(act)
        write_secret(root / "secrets", "identity.json", msgspec.json.encode(identity))
        yield bench
