"""Put messages to the outside down, and know who takes them."""

import sqlalchemy as sa
from alembic import op

import web_admin.model_base

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_Time = web_admin.model_base.UtcDateTime


def upgrade() -> None:
    """Bring the tables up to this revision."""
    op.create_table(
        "mail_server",
        sa.Column("site_id", sa.String(length=200), nullable=False),
        sa.Column("host", sa.String(length=200), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("security", sa.String(length=200), nullable=False),
        sa.Column("username", sa.String(length=200), nullable=False),
        sa.Column("sender", sa.String(length=320), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.site_id"], name=op.f("fk_mail_server_site_id_site")),
        sa.PrimaryKeyConstraint("site_id", name=op.f("pk_mail_server")),
    )
    op.create_table(
        "webhook",
        sa.Column("webhook_id", sa.String(length=200), nullable=False),
        sa.Column("site_id", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column("kinds", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("signing_key_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("old_signing_key_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("old_until", _Time(timezone=True), nullable=True),
        sa.Column("created_at", _Time(timezone=True), nullable=False),
        sa.Column("ended_at", _Time(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["site.site_id"], name=op.f("fk_webhook_site_id_site")),
        sa.PrimaryKeyConstraint("webhook_id", name=op.f("pk_webhook")),
    )
    with op.batch_alter_table("webhook") as batch_op:
        batch_op.create_index(op.f("ix_webhook_site_id"), ["site_id"])
    op.create_table(
        "outbox_message",
        sa.Column("message_id", sa.String(length=200), nullable=False),
        sa.Column("site_id", sa.String(length=200), nullable=False),
        sa.Column("channel", sa.String(length=200), nullable=False),
        sa.Column("target", sa.String(length=320), nullable=False),
        sa.Column("kind", sa.String(length=200), nullable=False),
        sa.Column("body", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("state", sa.String(length=200), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("created_at", _Time(timezone=True), nullable=False),
        sa.Column("next_at", _Time(timezone=True), nullable=False),
        sa.Column("claim", sa.String(length=200), nullable=True),
        sa.Column("claimed_until", _Time(timezone=True), nullable=True),
        sa.Column("ended_at", _Time(timezone=True), nullable=True),
        sa.Column("trouble", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["site.site_id"], name=op.f("fk_outbox_message_site_id_site")),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_outbox_message")),
    )
    with op.batch_alter_table("outbox_message") as batch_op:
        batch_op.create_index("ix_outbox_message_due", ["state", "next_at"])
        batch_op.create_index("ix_outbox_message_route", ["channel", "target", "created_at"])


def downgrade() -> None:
    """Bring the tables back."""
    for table in ("outbox_message", "webhook", "mail_server"):
        op.drop_table(table)
