"""Keep both sides of a call's sound and picture while it lasts."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up to this revision."""
    # Two nullable columns are added in place by both databases: no table is copied.
    with op.batch_alter_table("home_call", schema=None) as batch_op:
        batch_op.add_column(sa.Column("media_offer", sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(sa.Column("media_answer", sa.JSON(none_as_null=True), nullable=True))
