"""Run by Alembic: takes the connection that `operations/schema.py` has, never an address of its own."""

from collections.abc import Collection, Mapping
from typing import Any, Literal

from alembic import context
from alembic.runtime.migration import MigrationContext, MigrationInfo

from web_admin.core.orm import UtcDateTime
from web_admin.tables import METADATA


def _render(kind: str, item: object, _context: Any) -> str | Literal[False]:
    """Write a migration without our own types, so that it runs after they have moved."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


def _report(
    ctx: MigrationContext, step: MigrationInfo, heads: Collection[Any], run_args: Mapping[str, Any]
) -> None:
    del ctx, heads, run_args
    done = context.config.attributes.get("done")
    if done is not None and step.is_upgrade:
        done(step.up_revision)


context.configure(
    connection=context.config.attributes["connection"],
    on_version_apply=_report,
    target_metadata=METADATA,
    compare_type=True,
    render_item=_render,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
