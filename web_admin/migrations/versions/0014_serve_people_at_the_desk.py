"""Remember whom staff served at the desk, and until when."""

import sqlalchemy as sa
from alembic import op

import web_admin.model_base

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up to this revision."""
    op.create_table(
        "desk_visit",
        sa.Column("visit_id", sa.String(length=200), nullable=False),
        sa.Column("site_id", sa.String(length=200), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=200), nullable=False),
        sa.Column("person_id", sa.String(length=200), nullable=False),
        sa.Column("opened_by", sa.String(length=200), nullable=False),
        sa.Column("opened_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("ended_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("ended_why", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.person_id"], name=op.f("fk_desk_visit_person_id_person")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.site_id"], name=op.f("fk_desk_visit_site_id_site")),
        sa.PrimaryKeyConstraint("visit_id", name=op.f("pk_desk_visit")),
    )
    with op.batch_alter_table("desk_visit") as batch_op:
        batch_op.create_index(batch_op.f("ix_desk_visit_account_id"), ["account_id"])
        batch_op.create_index(batch_op.f("ix_desk_visit_opened_at"), ["opened_at"])
        batch_op.create_index(batch_op.f("ix_desk_visit_person_id"), ["person_id"])


def downgrade() -> None:
    """Bring the tables back."""
    op.drop_table("desk_visit")
