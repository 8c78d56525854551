"""Keep security incidents, with what people have to be told and from when the clocks run."""

import sqlalchemy as sa
from alembic import op

import web_admin.model_base

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

TEXTS = ("data_kinds", "cause", "harm", "remedy", "advice", "contact")


def upgrade() -> None:
    """Bring the tables up to this revision."""
    moment = web_admin.model_base.UtcDateTime(timezone=True)
    op.create_table(
        "incident",
        sa.Column("incident_id", sa.String(length=200), nullable=False),
        sa.Column("site_id", sa.String(length=200), nullable=False),
        sa.Column("known_at", moment, nullable=False),
        sa.Column("large", sa.Boolean(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in TEXTS),
        sa.Column("recorded_at", moment, nullable=False),
        sa.Column("recorded_by", sa.String(length=200), nullable=False),
        sa.Column("reported_at", moment, nullable=True),
        sa.Column("told_people_at", moment, nullable=True),
        sa.Column("untold_reason", sa.Text(), nullable=False),
        sa.Column("closed_at", moment, nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["site.site_id"], name=op.f("fk_incident_site_id_site")),
        sa.PrimaryKeyConstraint("incident_id", name=op.f("pk_incident")),
    )
    with op.batch_alter_table("incident", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_incident_site_id"), ["site_id"], unique=False)


def downgrade() -> None:
    """Bring the tables back."""
    op.drop_table("incident")
