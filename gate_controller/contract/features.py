"""Features that the contract got after its first release, by name, so that two versions work together.

A gate says in each question which features it knows, a server answers with those that it knows. Neither
sends what the other does not know. What a record cannot say to an older gate closes rather than opens.
"""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache

import msgspec

from gate_controller.contract.records import Record


@dataclass(frozen=True, slots=True)
class Feature:
    """A field that a record got later."""

    name: str
    """Its name in the messages of gates and servers: letters, digits, `_`."""
    kind: str
    """The kind of record, as in its key."""
    field: str
    may_be_ignored: bool
    """True if an older gate without this field opens nothing that it should not."""


BELL = "bell"
"""Of messages, not of records: a server that has a bell names it, and so does a gate that could hear it."""
SUM_DIGEST = "sum_digest"
"""Of messages as well: the digest of a policy may be one of sums (`record_sums.py`)."""

FACE_BESIDE = "face_beside"
"""Of decisions: the gate refuses a face in each minute in which no other way of its person works there."""
LOST_READERS = "lost_readers"
"""Of records and of messages: a gate that has it pauses face, and reports ways without a reader."""

CALLS = "calls"
"""Of messages: a server that has it takes calls to homes (`calls.py`), and a gate offers them only then."""

CALL_RELAYS = "call_relays"
"""Of messages: a gate that has it is given the relays of a call's sound (`call_media.py`)."""
GUARD_CALLS = "guard_calls"
"""Of messages: a gate that has it stays in a call that goes on to the guard, until the guard's page or their
telephone ends it."""

PLACES = "places"
"""Of records: a gate that has it opens for a visitor's pass that names its place in place of its number."""

PRINTED_CODES = "printed_codes"
"""Of records: a gate that has it counts a code on paper as a way beside face, one of the server as none."""

FEATURES: tuple[Feature, ...] = (
    # A gate without it counts no time: what it ignores would not pause its faces either.
    Feature(LOST_READERS, "site", "face_pause_hours", may_be_ignored=True),
    # A gate without it takes a place's number for another gate's, and stays shut.
    Feature(PLACES, "lane", "place_numbers", may_be_ignored=True),
    # A gate without it takes both kinds for a way; the server pauses a face that has the other kind alone.
    Feature(PRINTED_CODES, "credential", "printed", may_be_ignored=True),
)


def known() -> tuple[str, ...]:
    """Return the names of all features that records of this version have."""
    return tuple(feature.name for feature in FEATURES)


def of_records(knows: Collection[str]) -> frozenset[str]:
    """Return the features among these for which records are written otherwise."""
    return frozenset(knows) - {BELL, SUM_DIGEST, CALLS, CALL_RELAYS, GUARD_CALLS}


def fit(key: str, record: Record, knows: Collection[str]) -> Record | None:
    """Return a record as a gate with these features understands it; None where that would open too much."""
    kind = key.partition(":")[0]
    for feature in FEATURES:
        if feature.kind != kind or feature.name in knows or not hasattr(record, feature.field):
            continue
        default = _default(type(record), feature.field)
        if getattr(record, feature.field) == default:
            continue  # left out of the wire form anyway
        if not feature.may_be_ignored:
            return None
        record = msgspec.structs.replace(record, **{feature.field: default})
    return record


@cache
def _default(kind: type[Record], name: str) -> object:
    (info,) = (one for one in msgspec.structs.fields(kind) if one.name == name)
    return info.default_factory() if info.default is msgspec.NODEFAULT else info.default
