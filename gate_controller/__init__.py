"""Run one gate: decide, record and release alone. Imports drivers from hardware, never the server."""
