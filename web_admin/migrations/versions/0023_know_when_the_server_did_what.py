"""Know when the server last did what nobody watches, and how far a gate's clock and journal are."""

import sqlalchemy as sa
from alembic import op

import web_admin.model_base

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up to this revision."""
    op.create_table(
        "server_mark",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("at", web_admin.model_base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_server_mark")),
    )
    with op.batch_alter_table("gate") as batch_op:
        batch_op.add_column(sa.Column("clock_behind_seconds", sa.Double(), nullable=True))
        batch_op.add_column(sa.Column("told_seq", sa.Integer(), nullable=True))


def downgrade() -> None:
    """Bring the tables back."""
    with op.batch_alter_table("gate") as batch_op:
        batch_op.drop_column("told_seq")
        batch_op.drop_column("clock_behind_seconds")
    op.drop_table("server_mark")
