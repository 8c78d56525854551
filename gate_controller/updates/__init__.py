"""Fetch signed versions of the gate's program, try one, keep it or go back. Imports only the contract."""
