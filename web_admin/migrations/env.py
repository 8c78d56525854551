"""Run by Alembic: takes the connection that `schema.py` hands over, never an address of its own."""

from alembic import context

from web_admin import accounts
from web_admin.model_base import Base

assert accounts.User.__table__ is not None  # noqa: S101 - its import is what brings the accounts' tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    compare_type=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
