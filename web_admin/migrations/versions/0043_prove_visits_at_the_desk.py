"""Keep how a visit at the desk was proved; before, each was open from its first moment."""

import sqlalchemy as sa
from alembic import op

import web_admin.model_base

revision = "0043"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up to this revision."""
    moment = web_admin.model_base.UtcDateTime(timezone=True)
    with op.batch_alter_table("desk_visit") as batch:
        batch.alter_column("person_id", existing_type=sa.String(length=200), nullable=True)
        batch.add_column(sa.Column("credential_id", sa.String(length=200), nullable=True))
        batch.add_column(sa.Column("proved_by", sa.String(length=200), nullable=True))
        batch.add_column(sa.Column("proved_at", moment, nullable=True))
    op.execute("UPDATE desk_visit SET proved_at = opened_at")


def downgrade() -> None:
    """Bring the tables back; what was typed and never became a visit is forgotten."""
    op.execute("DELETE FROM desk_visit WHERE proved_at IS NULL OR person_id IS NULL")
    with op.batch_alter_table("desk_visit") as batch:
        batch.drop_column("proved_at")
        batch.drop_column("proved_by")
        batch.drop_column("credential_id")
        batch.alter_column("person_id", existing_type=sa.String(length=200), nullable=False)
