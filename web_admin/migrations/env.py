"""Run by Alembic: takes the connection that `schema.py` hands over, never an address of its own."""

from alembic import context

from web_admin import accounts, form_once
from web_admin.models import Base

assert accounts.User.__table__ is not None  # noqa: S101 - its import is what brings the accounts' tables
assert form_once.FormOnce.__table__ is not None  # noqa: S101 - likewise

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    compare_type=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
