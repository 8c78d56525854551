"""Know the runs that print invitations and PINs, and what waits in them to be shown once."""

import sqlalchemy as sa
from alembic import op

import web_admin.model_base

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up to this revision."""
    op.create_table(
        "print_run",
        sa.Column("run_id", sa.String(length=200), nullable=False),
        sa.Column("site_id", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=200), nullable=False),
        sa.Column("buildings", sa.String(length=200), nullable=False),
        sa.Column("author_id", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=200), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("left_out", sa.Integer(), nullable=False),
        sa.Column("created_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("shown_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("ended_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["site.site_id"], name=op.f("fk_print_run_site_id_site")),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_print_run")),
    )
    with op.batch_alter_table("print_run") as batch_op:
        batch_op.create_index(batch_op.f("ix_print_run_created_at"), ["created_at"])
        batch_op.create_index(batch_op.f("ix_print_run_site_id"), ["site_id"])
    op.create_table(
        "print_slip",
        sa.Column("run_id", sa.String(length=200), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.String(length=200), nullable=False),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("tag_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.person_id"], name=op.f("fk_print_slip_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["print_run.run_id"], name=op.f("fk_print_slip_run_id_print_run"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "position", name=op.f("pk_print_slip")),
    )
    with op.batch_alter_table("print_slip") as batch_op:
        batch_op.create_index(batch_op.f("ix_print_slip_person_id"), ["person_id"])


def downgrade() -> None:
    """Bring the tables back."""
    op.drop_table("print_slip")
    op.drop_table("print_run")
