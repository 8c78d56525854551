"""Tell codes on paper from those that a page shows."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up to this revision."""
    with op.batch_alter_table("credential") as batch_op:
        batch_op.add_column(sa.Column("printed", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    """Bring the tables back."""
    with op.batch_alter_table("credential") as batch_op:
        batch_op.drop_column("printed")
