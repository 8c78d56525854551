"""Note which ways in people have in hand."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up to this revision; of what is there no record says that it lies in a drawer."""
    op.add_column("credential", sa.Column("in_hand", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.execute(sa.text("UPDATE credential SET in_hand = true"))
