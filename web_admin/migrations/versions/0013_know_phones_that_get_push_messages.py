"""Know the phones and browsers that get push messages."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TEXT = sa.String(length=200)


def upgrade() -> None:
    """Bring the tables up to this revision."""
    op.create_table(
        "push_phone",
        sa.Column("phone_id", TEXT, nullable=False),
        sa.Column("site_id", TEXT, nullable=False),
        sa.Column("person_id", TEXT, nullable=True),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("session_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("service", TEXT, nullable=False),
        sa.Column("endpoint_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("subscription_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("kinds", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.site_id"], name="fk_push_phone_site_id_site"),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name="fk_push_phone_person_id_person"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="fk_push_phone_account_id_account", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["session_sha256"],
            ["account_session.session_sha256"],
            name="fk_push_phone_session_sha256_account_session",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("phone_id", name="pk_push_phone"),
    )
    op.create_index("ix_push_phone_person_id", "push_phone", ["person_id"])
    op.create_index("ix_push_phone_account_id", "push_phone", ["account_id"])
    op.create_index("ix_push_phone_session_sha256", "push_phone", ["session_sha256"])
