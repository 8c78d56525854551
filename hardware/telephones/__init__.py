"""Telephones of a gate: they call numbers and report how the call goes; they know no people."""
