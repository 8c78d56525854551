"""Keep what a controller committed to while it is paired, and the key that its keys are sealed to."""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0033"
branch_labels = None
depends_on = None

ADDED = ("sealing_public_key", "commitment_digest", "server_nonce")


def upgrade() -> None:
    """Bring the tables up to this revision; a pairing under way needs a new code."""
    op.execute("UPDATE pair_attempt SET state = 'refused' WHERE state IN ('waiting', 'approved')")
    with op.batch_alter_table("pair_attempt") as batch:
        for name in ADDED:
            batch.add_column(sa.Column(name, sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    """Bring the tables back; a pairing under way needs a new code."""
    op.execute(
        "UPDATE pair_attempt SET state = 'refused' WHERE state IN ('committed', 'waiting', 'approved')"
    )
    with op.batch_alter_table("pair_attempt") as batch:
        for name in ADDED:
            batch.drop_column(name)
