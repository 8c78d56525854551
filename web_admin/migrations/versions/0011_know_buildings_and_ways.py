"""Know the places of gates and homes, and which set of gates a visitor's pass is for."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TEXT = sa.String(length=200)


def upgrade() -> None:
    """Bring the tables up to this revision."""
    op.create_table(
        "place",
        sa.Column("place_id", TEXT, nullable=False),
        sa.Column("site_id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("name", TEXT, server_default="", nullable=False),
        sa.Column("code", TEXT, server_default="", nullable=False),
        sa.Column("parent_id", TEXT, nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["site.site_id"], name="fk_place_site_id_site"),
        sa.PrimaryKeyConstraint("place_id", name="pk_place"),
        sa.UniqueConstraint("site_id", "number", name="uq_place_site_id"),
    )
    for table in ("gate", "home", "visitor_pass", "visitor_series"):
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column("place_id", TEXT, nullable=True))
            batch.create_foreign_key(f"fk_{table}_place_id_place", "place", ["place_id"], ["place_id"])
    for table in ("visitor_pass", "visitor_series"):
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column("gate_set", TEXT, server_default="", nullable=False))
