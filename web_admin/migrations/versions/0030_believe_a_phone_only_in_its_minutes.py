"""Believe a phone only in the minutes it asked for, and never by a PIN that the home knows."""

import sqlalchemy as sa
from alembic import op

from web_admin.model_base import UtcDateTime

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up to this revision."""
    with op.batch_alter_table("invitation") as table:
        table.add_column(sa.Column("proof_asked_at", UtcDateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("proofs_asked", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("credential") as table:
        table.add_column(
            sa.Column("known_to_home", sa.Boolean(), nullable=False, server_default=sa.false())
        )


def downgrade() -> None:
    """Bring the tables back."""
    with op.batch_alter_table("credential") as table:
        table.drop_column("known_to_home")
    with op.batch_alter_table("invitation") as table:
        table.drop_column("proofs_asked")
        table.drop_column("proof_asked_at")
