"""Let msgspec learn every message type before threads decode any.

It builds what it knows of a type when that type is first decoded. Two threads that do so at once can end the
process: sixteen gates whose first batches came together did.
"""

import threading
from collections.abc import Iterator

import msgspec

# A process may hold other packages' types as well, some of which msgspec has no decoder for.
PACKAGES = ("web_admin.", "gate_controller.")

_lock = threading.Lock()
_learned: set[type] = set()


def learn_message_types() -> frozenset[type]:
    """Make a decoder of each imported message type of the product; return all that were made."""
    with _lock:
        for kind in _below(msgspec.Struct):
            if kind not in _learned and kind.__module__.startswith(PACKAGES):
                msgspec.json.Decoder(kind)
                _learned.add(kind)
        return frozenset(_learned)


def _below(kind: type) -> Iterator[type]:
    each: type
    for each in kind.__subclasses__():
        yield each
        yield from _below(each)
