"""Know staff by the name that residents read, invite them by a code, write reviews of rights down."""

import sqlalchemy as sa
from alembic import op

import web_admin.model_base

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_Time = web_admin.model_base.UtcDateTime


def upgrade() -> None:
    """Bring the tables up to this revision."""
    op.create_table(
        "staff_profile",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("shown_name", sa.String(length=200), nullable=False),
        sa.Column("language", sa.String(length=200), nullable=True),
        sa.Column("added_at", _Time(timezone=True), nullable=False),
        sa.Column("added_by", sa.String(length=200), nullable=False),
        sa.Column("last_sign_in_on", sa.Date(), nullable=True),
        sa.Column("closed_at", _Time(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_staff_profile_account_id_account")
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_staff_profile")),
    )
    op.create_table(
        "staff_invitation",
        sa.Column("invitation_id", sa.String(length=200), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("code_digest", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", _Time(timezone=True), nullable=False),
        sa.Column("expires_at", _Time(timezone=True), nullable=False),
        sa.Column("used_at", _Time(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_staff_invitation_account_id_account")
        ),
        sa.PrimaryKeyConstraint("invitation_id", name=op.f("pk_staff_invitation")),
        sa.UniqueConstraint("code_digest", name=op.f("uq_staff_invitation_code_digest")),
    )
    with op.batch_alter_table("staff_invitation") as batch_op:
        batch_op.create_index(op.f("ix_staff_invitation_account_id"), ["account_id"])
    op.create_table(
        "access_review",
        sa.Column("review_id", sa.String(length=200), nullable=False),
        sa.Column("site_id", sa.String(length=200), nullable=False),
        sa.Column("reviewed_at", _Time(timezone=True), nullable=False),
        sa.Column("reviewer_id", sa.String(length=200), nullable=False),
        sa.Column("accounts", sa.Integer(), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.site_id"], name=op.f("fk_access_review_site_id_site")),
        sa.PrimaryKeyConstraint("review_id", name=op.f("pk_access_review")),
    )
    with op.batch_alter_table("access_review") as batch_op:
        batch_op.create_index(op.f("ix_access_review_site_id"), ["site_id"])


def downgrade() -> None:
    """Bring the tables back."""
    for table in ("access_review", "staff_invitation", "staff_profile"):
        op.drop_table(table)
