"""Let lanes wait for each other and count people, and open to staff and emergency codes."""

import sqlalchemy as sa
from alembic import op

import web_admin.model_base

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up to this revision."""
    op.create_table(
        "emergency_code",
        sa.Column("credential_id", sa.String(length=200), nullable=False),
        sa.Column("site_id", sa.String(length=200), nullable=False),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.Column("lanes", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("hold_minutes", sa.Integer(), nullable=False),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=200), nullable=False),
        sa.Column("created_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("author_id", sa.String(length=200), nullable=False),
        sa.Column("last_used_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("last_used_lane_id", sa.String(length=200), nullable=True),
        sa.Column("ended_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("ended_reason", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["site.site_id"], name=op.f("fk_emergency_code_site_id_site")),
        sa.PrimaryKeyConstraint("credential_id", name=op.f("pk_emergency_code")),
    )
    with op.batch_alter_table("emergency_code") as batch_op:
        batch_op.create_index(batch_op.f("ix_emergency_code_site_id"), ["site_id"], unique=False)

    with op.batch_alter_table("lane") as batch_op:
        batch_op.add_column(sa.Column("posture_author_id", sa.String(length=200), nullable=True))
        batch_op.add_column(
            sa.Column("interlock_with", sa.JSON(none_as_null=True), server_default="[]", nullable=False)
        )
        batch_op.add_column(
            sa.Column("antipassback", sa.String(length=200), server_default="off", nullable=False)
        )
        batch_op.add_column(
            sa.Column("staff_hold_minutes", sa.Integer(), server_default="30", nullable=False)
        )

    with op.batch_alter_table("person") as batch_op:
        batch_op.add_column(
            sa.Column("may_override", sa.Boolean(), server_default=sa.false(), nullable=False)
        )

    with op.batch_alter_table("site") as batch_op:
        batch_op.add_column(sa.Column("emergency_salt", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    """Bring the tables back."""
    with op.batch_alter_table("site") as batch_op:
        batch_op.drop_column("emergency_salt")

    with op.batch_alter_table("person") as batch_op:
        batch_op.drop_column("may_override")

    with op.batch_alter_table("lane") as batch_op:
        batch_op.drop_column("staff_hold_minutes")
        batch_op.drop_column("antipassback")
        batch_op.drop_column("interlock_with")
        batch_op.drop_column("posture_author_id")

    with op.batch_alter_table("emergency_code") as batch_op:
        batch_op.drop_index(batch_op.f("ix_emergency_code_site_id"))

    op.drop_table("emergency_code")
