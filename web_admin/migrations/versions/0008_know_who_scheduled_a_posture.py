"""Know of each scheduled posture who set it and when."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up to this revision."""
    with op.batch_alter_table("lane") as batch_op:
        batch_op.add_column(
            sa.Column("schedule_authors", sa.JSON(none_as_null=True), server_default="{}", nullable=False)
        )


def downgrade() -> None:
    """Bring the tables back."""
    with op.batch_alter_table("lane") as batch_op:
        batch_op.drop_column("schedule_authors")
