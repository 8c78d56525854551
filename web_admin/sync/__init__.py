"""Answer what gates call under `/sync/`; imports no other door."""
