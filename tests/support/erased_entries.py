"""Entries of a journal after their personal part was erased."""

import msgspec

from gate_controller.contract.journal_chain import JournalEntry


def without_personal(entry: JournalEntry) -> JournalEntry:
    """Return the entry with its personal part erased; its digest stays valid."""
    return msgspec.structs.replace(entry, personal=None, salt=None)
