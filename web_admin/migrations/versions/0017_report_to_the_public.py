"""Keep issues of the public report, and what was handed to authorities."""

import sqlalchemy as sa
from alembic import op

import web_admin.model_base

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up to this revision."""
    moment = web_admin.model_base.UtcDateTime(timezone=True)
    op.create_table(
        "public_report",
        sa.Column("site_id", sa.String(length=200), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("period_from", sa.Date(), nullable=False),
        sa.Column("period_until", sa.Date(), nullable=False),
        sa.Column("published_at", moment, nullable=False),
        sa.Column("published_by", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("certificate", sa.LargeBinary(), nullable=False),
        sa.Column("certificate_signature", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.site_id"], name=op.f("fk_public_report_site_id_site")),
        sa.PrimaryKeyConstraint("site_id", "number", name=op.f("pk_public_report")),
    )
    op.create_table(
        "disclosure",
        sa.Column("disclosure_id", sa.String(length=200), nullable=False),
        sa.Column("site_id", sa.String(length=200), nullable=False),
        sa.Column("authority", sa.String(length=200), nullable=False),
        sa.Column("document", sa.String(length=200), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("outcome", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("person_id", sa.String(length=200), nullable=True),
        sa.Column("scope_from", sa.Date(), nullable=True),
        sa.Column("scope_until", sa.Date(), nullable=True),
        sa.Column("recorded_at", moment, nullable=False),
        sa.Column("recorded_by", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.site_id"], name=op.f("fk_disclosure_site_id_site")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.person_id"], name=op.f("fk_disclosure_person_id_person")
        ),
        sa.PrimaryKeyConstraint("disclosure_id", name=op.f("pk_disclosure")),
    )
    with op.batch_alter_table("disclosure", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_disclosure_person_id"), ["person_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_disclosure_site_id"), ["site_id"], unique=False)


def downgrade() -> None:
    """Bring the tables back."""
    op.drop_table("disclosure")
    op.drop_table("public_report")
