"""Keep whom an act kept out of their home, and why: a row for each resident and act."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TEXT = sa.String(length=200)


def upgrade() -> None:
    """Bring the tables up to this revision."""
    op.create_table(
        "lock_out",
        sa.Column("lock_out_id", TEXT, nullable=False),
        sa.Column("site_id", TEXT, nullable=False),
        sa.Column("person_id", TEXT, nullable=False),
        sa.Column("act", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("party", TEXT, nullable=False),
        sa.Column("given_by", TEXT, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.site_id"], name="fk_lock_out_site_id_site"),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name="fk_lock_out_person_id_person"),
        sa.PrimaryKeyConstraint("lock_out_id", name="pk_lock_out"),
    )
    op.create_index("ix_lock_out_at", "lock_out", ["site_id", "at"])
    op.create_index("ix_lock_out_person_id", "lock_out", ["person_id"])
