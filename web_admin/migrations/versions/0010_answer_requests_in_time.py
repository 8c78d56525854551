"""Keep what people ask of the office with its due dates, and who answers for personal data."""

import sqlalchemy as sa
from alembic import op

import web_admin.model_base

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up to this revision."""
    moment = web_admin.model_base.UtcDateTime(timezone=True)
    op.create_table(
        "privacy_contact",
        sa.Column("site_id", sa.String(length=200), nullable=False),
        sa.Column("responsible_name", sa.String(length=200), nullable=False),
        sa.Column("responsible_contact", sa.String(length=200), nullable=False),
        sa.Column("channels", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("changed_at", moment, nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.site_id"], name=op.f("fk_privacy_contact_site_id_site")),
        sa.PrimaryKeyConstraint("site_id", name=op.f("pk_privacy_contact")),
    )
    op.create_table(
        "rights_request",
        sa.Column("request_id", sa.String(length=200), nullable=False),
        sa.Column("site_id", sa.String(length=200), nullable=False),
        sa.Column("person_id", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=200), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("wanted", sa.String(length=200), nullable=True),
        sa.Column("channel", sa.String(length=200), nullable=False),
        sa.Column("filed_at", moment, nullable=False),
        sa.Column("acknowledge_by", moment, nullable=False),
        sa.Column("answer_by", moment, nullable=False),
        sa.Column("acknowledged_at", moment, nullable=True),
        sa.Column("acknowledged_by", sa.String(length=200), nullable=True),
        sa.Column("closed_at", moment, nullable=True),
        sa.Column("closed_by", sa.String(length=200), nullable=True),
        sa.Column("outcome", sa.String(length=200), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("further", sa.Text(), nullable=False),
        sa.Column("value_before", sa.String(length=200), nullable=True),
        sa.Column("value_after", sa.String(length=200), nullable=True),
        sa.Column("late", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.site_id"], name=op.f("fk_rights_request_site_id_site")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.person_id"], name=op.f("fk_rights_request_person_id_person")
        ),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_rights_request")),
    )
    with op.batch_alter_table("rights_request", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_rights_request_filed_at"), ["filed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_rights_request_person_id"), ["person_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_rights_request_site_id"), ["site_id"], unique=False)


def downgrade() -> None:
    """Bring the tables back."""
    op.drop_table("rights_request")
    op.drop_table("privacy_contact")
