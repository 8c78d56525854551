"""Tell residents what they ask to be told."""

import sqlalchemy as sa
from alembic import op

from web_admin.model_base import UtcDateTime

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up to this revision."""
    op.create_table(
        "asked_messages",
        sa.Column("person_id", sa.String(length=200), nullable=False),
        sa.Column("channel", sa.String(length=200), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("kinds", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("code_digest", sa.LargeBinary(), nullable=True),
        sa.Column("code_until", UtcDateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("confirmed_at", UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.person_id"], name=op.f("fk_asked_messages_person_id_person")
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_asked_messages")),
    )


def downgrade() -> None:
    """Bring the tables back."""
    op.drop_table("asked_messages")
