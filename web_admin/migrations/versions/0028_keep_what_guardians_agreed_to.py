"""Keep the text that guardians agreed to."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up to this revision; which text older agreements were given to is not known."""
    with op.batch_alter_table("child_agreement") as batch:
        batch.add_column(sa.Column("text", sa.String(length=1000), nullable=True))


def downgrade() -> None:
    """Bring the tables back."""
    with op.batch_alter_table("child_agreement") as batch:
        batch.drop_column("text")
