"""Replies to check-ins, side by side."""

from gate_controller.contract.messages import AskReply


def differing(one: AskReply, other: AskReply) -> set[str]:
    """Return in which fields two answers differ beside the signature and, of leases, the encryption."""
    pairs = {name: (getattr(one, name), getattr(other, name)) for name in AskReply.__struct_fields__}
    pairs["policy"] = tuple(reply and reply.manifest for reply in pairs["policy"])
    return {name for name, (mine, others) in pairs.items() if mine != others}
