"""Give every lane a sheet; lanes that are there already stay live without one, but not with face."""

import sqlalchemy as sa
from alembic import op

import web_admin.model_base

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up to this revision."""
    op.create_table(
        "lane_sheet",
        sa.Column("lane_id", sa.String(length=200), nullable=False),
        sa.Column("inherited", sa.Boolean(), nullable=False),
        sa.Column("draft", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("drafted_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("live", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("live_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("live_author_id", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(["lane_id"], ["lane.lane_id"], name=op.f("fk_lane_sheet_lane_id_lane")),
        sa.PrimaryKeyConstraint("lane_id", name=op.f("pk_lane_sheet")),
    )
    sheets = sa.table("lane_sheet", sa.column("lane_id", sa.String), sa.column("inherited", sa.Boolean))
    lanes = sa.table("lane", sa.column("lane_id", sa.String))
    op.execute(
        sheets.insert().from_select(["lane_id", "inherited"], sa.select(lanes.c.lane_id, sa.true()))
    )


def downgrade() -> None:
    """Bring the tables back."""
    op.drop_table("lane_sheet")
