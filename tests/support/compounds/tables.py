"""Every table of the server, whatever a test has imported of it."""

from sqlalchemy import MetaData


def all_tables() -> MetaData:
    """Import every module that declares tables and return what they declared."""
    from web_admin.tables import METADATA

    return METADATA
