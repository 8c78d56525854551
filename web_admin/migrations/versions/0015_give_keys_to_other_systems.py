"""Give keys to other systems, and find events in the order in which they came in."""

import sqlalchemy as sa
from alembic import op

import web_admin.model_base

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_Time = web_admin.model_base.UtcDateTime


def upgrade() -> None:
    """Bring the tables up to this revision."""
    op.create_table(
        "api_key",
        sa.Column("key_id", sa.String(length=200), nullable=False),
        sa.Column("site_id", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("scopes", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("secret_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("author_id", sa.String(length=200), nullable=False),
        sa.Column("created_at", _Time(timezone=True), nullable=False),
        sa.Column("valid_until", _Time(timezone=True), nullable=False),
        sa.Column("last_used_on", sa.Date(), nullable=True),
        sa.Column("ended_at", _Time(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["site.site_id"], name=op.f("fk_api_key_site_id_site")),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_api_key")),
    )
    with op.batch_alter_table("api_key") as batch_op:
        batch_op.create_index(op.f("ix_api_key_site_id"), ["site_id"])
    op.create_index("ix_gate_event_received", "gate_event", ["received_at", "gate_id", "journal_id", "seq"])


def downgrade() -> None:
    """Bring the tables back."""
    op.drop_index("ix_gate_event_received", "gate_event")
    op.drop_table("api_key")
