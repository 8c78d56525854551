"""Let a site ask for a yes to face in writing, and for both guardians of a minor."""

import sqlalchemy as sa
from alembic import op

import web_admin.model_base

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up to this revision."""
    op.create_table(
        "consent_rules",
        sa.Column("site_id", sa.String(length=200), nullable=False),
        sa.Column("written_release", sa.Boolean(), nullable=False),
        sa.Column("both_guardians", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.site_id"], name=op.f("fk_consent_rules_site_id_site")),
        sa.PrimaryKeyConstraint("site_id", name=op.f("pk_consent_rules")),
    )
    op.create_table(
        "written_release",
        sa.Column("consent_id", sa.String(length=200), nullable=False),
        sa.Column("signer_id", sa.String(length=200), nullable=False),
        sa.Column("release", sa.LargeBinary(), nullable=False),
        sa.Column("signed_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["consent_id"], ["consent.consent_id"], name=op.f("fk_written_release_consent_id_consent")
        ),
        sa.ForeignKeyConstraint(
            ["signer_id"], ["person.person_id"], name=op.f("fk_written_release_signer_id_person")
        ),
        sa.PrimaryKeyConstraint("consent_id", "signer_id", name=op.f("pk_written_release")),
    )
    with op.batch_alter_table("written_release") as batch:
        batch.create_index(batch.f("ix_written_release_signer_id"), ["signer_id"], unique=False)
    with op.batch_alter_table("guardian") as batch:
        batch.add_column(sa.Column("is_only", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("guardian") as batch:
        batch.alter_column("is_only", server_default=None)
    with op.batch_alter_table("guardian_request") as batch:
        batch.add_column(sa.Column("answer_language", sa.String(length=200), nullable=True))
        batch.add_column(sa.Column("signed_name", sa.String(length=200), nullable=True))
    with op.batch_alter_table("guardian_consent") as batch:
        batch.drop_constraint("pk_guardian_consent", type_="primary")
        batch.create_primary_key("pk_guardian_consent", ["consent_id", "guardian_id"])


def downgrade() -> None:
    """Bring the tables back; of two guardians' parts of a consent the first in the alphabet stays."""
    op.execute(
        "DELETE FROM guardian_consent WHERE EXISTS (SELECT 1 FROM guardian_consent AS other"
        " WHERE other.consent_id = guardian_consent.consent_id"
        " AND other.guardian_id < guardian_consent.guardian_id)"
    )
    with op.batch_alter_table("guardian_consent") as batch:
        batch.drop_constraint("pk_guardian_consent", type_="primary")
        batch.create_primary_key("pk_guardian_consent", ["consent_id"])
    with op.batch_alter_table("guardian_request") as batch:
        batch.drop_column("signed_name")
        batch.drop_column("answer_language")
    with op.batch_alter_table("guardian") as batch:
        batch.drop_column("is_only")
    with op.batch_alter_table("written_release") as batch:
        batch.drop_index(batch.f("ix_written_release_signer_id"))
    op.drop_table("written_release")
    op.drop_table("consent_rules")
