"""Keep work that takes longer than a page may wait until a thread has done it."""

import sqlalchemy as sa
from alembic import op

from web_admin.model_base import UtcDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up to this revision."""
    op.create_table(
        "long_job",
        sa.Column("job_id", sa.String(200), nullable=False),
        sa.Column("site_id", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(200), nullable=False),
        sa.Column("author_id", sa.String(200), nullable=False),
        sa.Column("state", sa.String(200), nullable=False),
        sa.Column("claim", sa.String(200), nullable=True),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("payload_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("result", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("claimed_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("ended_at", UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["site.site_id"], name=op.f("fk_long_job_site_id_site")),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_long_job")),
    )
    with op.batch_alter_table("long_job") as batch_op:
        batch_op.create_index(batch_op.f("ix_long_job_site_id"), ["site_id"], unique=False)


def downgrade() -> None:
    """Bring the tables back."""
    op.drop_table("long_job")
