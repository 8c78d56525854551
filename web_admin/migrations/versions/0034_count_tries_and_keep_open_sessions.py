"""Count tries in the database, and keep which sessions are open."""

import sqlalchemy as sa
from alembic import op

import web_admin.model_base

revision = "0034"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up to this revision; cookies from before have no session and sign nobody in."""
    op.create_table(
        "limit_count",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("limit_name", sa.String(length=40), nullable=False),
        sa.Column("counted", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("forget_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_limit_count")),
    )
    op.create_index(op.f("ix_limit_count_forget_at"), "limit_count", ["forget_at"])
    op.create_table(
        "account_session",
        sa.Column("session_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("begun_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("ends_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_account_session_account_id_account"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("session_sha256", name=op.f("pk_account_session")),
    )
    op.create_index(op.f("ix_account_session_account_id"), "account_session", ["account_id"])
    op.create_index(op.f("ix_account_session_ends_at"), "account_session", ["ends_at"])


def downgrade() -> None:
    """Bring the tables back; counts are forgotten, and everybody signs in once more."""
    op.drop_table("account_session")
    op.drop_table("limit_count")
