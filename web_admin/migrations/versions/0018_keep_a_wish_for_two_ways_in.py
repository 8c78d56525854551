"""Keep a person's own wish for two ways in."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up to this revision."""
    op.create_table(
        "second_method_wish",
        sa.Column("person_id", sa.String(length=200), nullable=False),
        sa.Column("from_minute", sa.Integer(), nullable=False),
        sa.Column("until_minute", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.person_id"], name=op.f("fk_second_method_wish_person_id_person")
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_second_method_wish")),
    )


def downgrade() -> None:
    """Bring the tables back."""
    op.drop_table("second_method_wish")
