"""Ask whether the area behind a gate is left through that gate alone."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up to this revision."""
    op.add_column(
        "lane", sa.Column("area_is_closed", sa.Boolean(), server_default=sa.false(), nullable=False)
    )


def downgrade() -> None:
    """Bring the tables back."""
    op.drop_column("lane", "area_is_closed")
