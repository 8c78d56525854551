"""Set how long face goes on where another way has no reader, and note what residents were sent of it."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up to this revision."""
    op.add_column("site", sa.Column("face_pause_hours", sa.Integer(), server_default="48", nullable=False))
    op.add_column("alarm", sa.Column("residents_notified_at", sa.DateTime(timezone=True), nullable=True))
