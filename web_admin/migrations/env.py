"""Run by Alembic: takes the connection that `schema.py` hands over, never an address of its own."""

from typing import Any, Literal

from alembic import context

from web_admin import accounts
from web_admin.model_base import Base, UtcDateTime

assert accounts.User.__table__ is not None  # noqa: S101 - its import is what brings the accounts' tables



def _render(kind: str, item: object, _context: Any) -> str | Literal[False]:
    """Write a migration without our own types, so that it runs after they have moved."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    compare_type=True,
    render_item=_render,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
