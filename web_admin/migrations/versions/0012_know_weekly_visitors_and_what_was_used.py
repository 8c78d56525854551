"""Keep weekly invitations, note which pass was used where, and who of the staff gave a pass out."""

import sqlalchemy as sa
from alembic import op

import web_admin.model_base

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_Time = web_admin.model_base.UtcDateTime


def upgrade() -> None:
    """Bring the tables up to this revision."""
    op.add_column("visitor_pass", sa.Column("author_id", sa.String(length=200), nullable=True))
    op.create_table(
        "visitor_series",
        sa.Column("series_id", sa.String(length=200), nullable=False),
        sa.Column("site_id", sa.String(length=200), nullable=False),
        sa.Column("issuer_person_id", sa.String(length=200), nullable=True),
        sa.Column("author_id", sa.String(length=200), nullable=True),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.Column("gate_numbers", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("days", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("starts_minute", sa.Integer(), nullable=False),
        sa.Column("ends_minute", sa.Integer(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("created_at", _Time(timezone=True), nullable=False),
        sa.Column("withdrawn_at", _Time(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["site.site_id"], name=op.f("fk_visitor_series_site_id_site")),
        sa.ForeignKeyConstraint(
            ["issuer_person_id"], ["person.person_id"],
            name=op.f("fk_visitor_series_issuer_person_id_person"),
        ),
        sa.PrimaryKeyConstraint("series_id", name=op.f("pk_visitor_series")),
    )
    with op.batch_alter_table("visitor_series") as batch_op:
        batch_op.create_index(op.f("ix_visitor_series_site_id"), ["site_id"])
        batch_op.create_index(op.f("ix_visitor_series_issuer_person_id"), ["issuer_person_id"])
    op.create_table(
        "visitor_visit",
        sa.Column("pass_id", sa.String(length=200), nullable=False),
        sa.Column("series_id", sa.String(length=200), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pass_id"], ["visitor_pass.pass_id"], name=op.f("fk_visitor_visit_pass_id_visitor_pass")
        ),
        sa.ForeignKeyConstraint(
            ["series_id"], ["visitor_series.series_id"],
            name=op.f("fk_visitor_visit_series_id_visitor_series"),
        ),
        sa.PrimaryKeyConstraint("pass_id", name=op.f("pk_visitor_visit")),
        sa.UniqueConstraint("series_id", "day", name=op.f("uq_visitor_visit_series_id")),
    )
    with op.batch_alter_table("visitor_visit") as batch_op:
        batch_op.create_index(op.f("ix_visitor_visit_series_id"), ["series_id"])
    op.create_table(
        "visitor_use",
        sa.Column("gate_id", sa.String(length=200), nullable=False),
        sa.Column("journal_id", sa.String(length=200), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("shown_id", sa.String(length=200), nullable=False),
        sa.Column("lane_id", sa.String(length=200), nullable=True),
        sa.Column("at", _Time(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["gate_id"], ["gate.gate_id"], name=op.f("fk_visitor_use_gate_id_gate")),
        sa.PrimaryKeyConstraint("gate_id", "journal_id", "seq", name=op.f("pk_visitor_use")),
    )
    with op.batch_alter_table("visitor_use") as batch_op:
        batch_op.create_index(op.f("ix_visitor_use_shown_id"), ["shown_id"])
        batch_op.create_index(op.f("ix_visitor_use_at"), ["at"])


def downgrade() -> None:
    """Bring the tables back."""
    for table in ("visitor_use", "visitor_visit", "visitor_series"):
        op.drop_table(table)
    op.drop_column("visitor_pass", "author_id")
