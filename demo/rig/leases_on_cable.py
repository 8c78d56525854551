"""Read and shorten the leases that the server sends to a gate, on the cable between them.

A lease is for 72 hours; a demo cannot wait so long. The gate keeps whatever time it was given, so an answer
whose leases are shorter shows that it does: no part of the product knows of this. The shares are sealed to
the gate; how long it may keep them is not, for an attacker on the cable can end a lease by holding it back.
"""

from dataclasses import dataclass, field

import msgspec

from demo.rig.network_cable import Tamper
from gate_controller.contract.messages import AskReply


@dataclass(slots=True)
class LeaseEye:
    """Looks at every answer to a question; `lent` has for each how many faces it lends."""

    before: Tamper | None = None
    """The other change to answers on this cable; it comes first."""
    seconds: int | None = None
    """So long every lease is made, None: as the server says."""
    lent: list[int] = field(default_factory=list)

    def __call__(self, body: bytes) -> bytes:
        """Return what the gate reads."""
        if self.before is not None:
            body = self.before(body)
        reply = msgspec.json.decode(body, type=AskReply)
        sealed = reply.sealed_leases
        if sealed is msgspec.UNSET:
            self.lent.append(0)
            return body
        self.lent.append(len(sealed.leases))
        if self.seconds is None:
            return body
        leases = tuple(msgspec.structs.replace(lease, seconds=self.seconds) for lease in sealed.leases)
        shorter = msgspec.structs.replace(sealed, leases=leases)
        return msgspec.json.encode(msgspec.structs.replace(reply, sealed_leases=shorter))
