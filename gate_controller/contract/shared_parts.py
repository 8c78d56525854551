"""Keep equal parts of records once: most people may pass the same lanes, in the same hours, by the same ways.

Each record is read apart, with lists and texts of its own. Among 100,000 people a decision would wait longer
for memory that no cache holds than for the rules. A record's own lists are freed before the next one is read,
so that what is kept lies close together.
"""

from msgspec.structs import force_setattr

from gate_controller.contract.records import CredentialRecord, Grant, Method, PersonRecord, Record


class SharedParts:
    """Equal parts of the records of one policy, kept once each; of no use after the last record is read."""

    def __init__(self) -> None:
        """Begin with no parts."""
        self._ids: dict[str, str] = {}
        self._grants: dict[tuple[Grant, ...], tuple[Grant, ...]] = {}
        self._methods: dict[tuple[Method, ...], tuple[Method, ...]] = {}

    def share(self, record: Record) -> None:
        """Let a record that was just read, and that no other code has, use the parts of those before it."""
        if isinstance(record, PersonRecord | CredentialRecord):
            person_id = record.person_id
            force_setattr(record, "person_id", self._ids.setdefault(person_id, person_id))
        if isinstance(record, PersonRecord):
            grants, methods = record.grants, record.methods
            force_setattr(record, "grants", self._grants.setdefault(grants, grants))
            force_setattr(record, "methods", self._methods.setdefault(methods, methods))
