"""Remember that guardians of a minor were checked, also once they are none any more."""

import sqlalchemy as sa
from alembic import op

import web_admin.model_base

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up to this revision."""
    with op.batch_alter_table("guardian") as batch:
        batch.add_column(
            sa.Column("ended_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=True)
        )


def downgrade() -> None:
    """Bring the tables back; who is no guardian any more is forgotten, as it was before."""
    op.execute("DELETE FROM guardian WHERE ended_at IS NOT NULL")
    with op.batch_alter_table("guardian") as batch:
        batch.drop_column("ended_at")
