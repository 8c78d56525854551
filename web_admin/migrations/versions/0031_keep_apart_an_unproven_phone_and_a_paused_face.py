"""Keep apart what a phone has yet to prove and why a face is paused: a yes at a gate ends only the second."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up to this revision."""
    with op.batch_alter_table("person") as table:
        table.add_column(sa.Column("phone_unproven", sa.String(length=200), nullable=True))
    op.execute(
        "UPDATE person SET phone_unproven = face_paused_reason"
        " WHERE face_paused_reason IN ('invited', 'invited_again')"
    )


def downgrade() -> None:
    """Bring the tables back."""
    with op.batch_alter_table("person") as table:
        table.drop_column("phone_unproven")
