"""The default engine, measured as it is."""

from tests.support.faces.default_engine import engine

__all__ = ["engine"]
