"""Know whom a home added itself, and what guardians agreed to for a child."""

import sqlalchemy as sa
from alembic import op

import web_admin.model_base

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_Time = web_admin.model_base.UtcDateTime


def upgrade() -> None:
    """Bring the tables up to this revision."""
    op.create_table(
        "home_addition",
        sa.Column("person_id", sa.String(length=200), nullable=False),
        sa.Column("home_id", sa.String(length=200), nullable=False),
        sa.Column("added_by", sa.String(length=200), nullable=False),
        sa.Column("added_at", _Time(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=200), nullable=False),
        sa.Column("decided_by", sa.String(length=200), nullable=True),
        sa.Column("decided_at", _Time(timezone=True), nullable=True),
        sa.Column("hours_id", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.person_id"], name=op.f("fk_home_addition_person_id_person")
        ),
        sa.ForeignKeyConstraint(["home_id"], ["home.home_id"], name=op.f("fk_home_addition_home_id_home")),
        sa.ForeignKeyConstraint(
            ["added_by"], ["person.person_id"], name=op.f("fk_home_addition_added_by_person")
        ),
        sa.ForeignKeyConstraint(
            ["hours_id"], ["hours.hours_id"], name=op.f("fk_home_addition_hours_id_hours")
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_home_addition")),
    )
    with op.batch_alter_table("home_addition") as batch_op:
        batch_op.create_index(op.f("ix_home_addition_home_id"), ["home_id"])
        batch_op.create_index(op.f("ix_home_addition_added_by"), ["added_by"])
    op.create_table(
        "child_agreement",
        sa.Column("child_id", sa.String(length=200), nullable=False),
        sa.Column("guardian_id", sa.String(length=200), nullable=False),
        sa.Column("given_at", _Time(timezone=True), nullable=False),
        sa.Column("channel", sa.String(length=200), nullable=False),
        sa.Column("language", sa.String(length=200), nullable=False),
        sa.Column("withdrawn_at", _Time(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["child_id"], ["person.person_id"], name=op.f("fk_child_agreement_child_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["guardian_id"], ["person.person_id"], name=op.f("fk_child_agreement_guardian_id_person")
        ),
        sa.PrimaryKeyConstraint("child_id", "guardian_id", name=op.f("pk_child_agreement")),
    )


def downgrade() -> None:
    """Bring the tables back."""
    for table in ("child_agreement", "home_addition"):
        op.drop_table(table)
