"""Run by Alembic: takes the connection that `operations/schema.py` has, never an address of its own."""

from typing import Any, Literal

from alembic import context

from web_admin.core.orm import UtcDateTime
from web_admin.tables import METADATA


def _render(kind: str, item: object, _context: Any) -> str | Literal[False]:
    """Write a migration without our own types, so that it runs after they have moved."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    compare_type=True,
    render_item=_render,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
