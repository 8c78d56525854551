"""A gate that takes changes and adds up sums."""

import msgspec

from gate_controller.contract.messages import PolicyManifest


class TakingGate:
    """A gate that asks, and takes the policy as the product does."""

    def __init__(self, store, played, clock):
        self.store, self.played, self.clock = store, played, clock

    def asks(self):
        """Ask and take; return the kind of digest of the answer."""
        self.played.have = self.store.have
        reply = self.played.ask(self.clock.now)
        self.store.take(reply.policy, reply.change, self.clock.now)
        return msgspec.json.decode(reply.policy.manifest, type=PolicyManifest).digest_kind
