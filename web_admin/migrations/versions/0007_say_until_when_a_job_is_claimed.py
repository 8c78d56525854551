"""Say until when a job is claimed, as of a message: an attempt of before the upgrade is over."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up to this revision."""
    op.alter_column("long_job", "claimed_at", new_column_name="claimed_until")
