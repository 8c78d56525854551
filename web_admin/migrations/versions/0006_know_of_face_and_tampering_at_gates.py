"""Know of each gate how face is there, and whether somebody had their hands in it."""

import sqlalchemy as sa
from alembic import op

import web_admin.model_base

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up to this revision."""
    op.create_table(
        "gate_face",
        sa.Column("gate_id", sa.String(length=200), nullable=False),
        sa.Column("tamper_id", sa.String(length=200), nullable=True),
        sa.Column("tampered_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("status", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(["gate_id"], ["gate.gate_id"], name=op.f("fk_gate_face_gate_id_gate")),
        sa.PrimaryKeyConstraint("gate_id", name=op.f("pk_gate_face")),
    )


def downgrade() -> None:
    """Bring the tables back."""
    op.drop_table("gate_face")
