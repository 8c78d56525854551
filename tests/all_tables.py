"""Every table of the server, whatever a test has imported of it."""

import importlib
import pkgutil

from sqlalchemy import MetaData

import web_admin


def all_tables() -> MetaData:
    """Import every module that declares tables and return what they declared."""
    from web_admin.model_base import Base

    for module in pkgutil.iter_modules(web_admin.__path__):
        if module.name == "accounts" or module.name.endswith("models"):
            importlib.import_module(f"web_admin.{module.name}")
    return Base.metadata
