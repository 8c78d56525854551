"""Assess, ask guardians and ask again before a face is kept; faces pause until an assessment is approved."""

import sqlalchemy as sa
from alembic import op

import web_admin.model_base

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up to this revision."""
    op.create_table(
        "assessment",
        sa.Column("assessment_id", sa.String(length=200), nullable=False),
        sa.Column("site_id", sa.String(length=200), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=200), nullable=False),
        sa.Column("texts", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("lanes", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("conclusion", sa.String(length=200), nullable=False),
        sa.Column("residual_risk", sa.String(length=200), nullable=False),
        sa.Column("review_due", sa.Date(), nullable=True),
        sa.Column("author_ids", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("engine", sa.String(length=200), nullable=True),
        sa.Column("notice_basis", sa.String(length=200), nullable=True),
        sa.Column("created_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("approver_id", sa.String(length=200), nullable=True),
        sa.Column("approved_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("superseded_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["site.site_id"], name=op.f("fk_assessment_site_id_site")),
        sa.PrimaryKeyConstraint("assessment_id", name=op.f("pk_assessment")),
    )
    with op.batch_alter_table("assessment") as batch_op:
        batch_op.create_index(batch_op.f("ix_assessment_site_id"), ["site_id"], unique=False)

    op.create_table(
        "face_question",
        sa.Column("person_id", sa.String(length=200), nullable=False),
        sa.Column("why", sa.String(length=200), nullable=False),
        sa.Column("since", web_admin.model_base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("notice_version", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.person_id"], name=op.f("fk_face_question_person_id_person")
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_face_question")),
    )
    op.create_table(
        "guardian",
        sa.Column("minor_id", sa.String(length=200), nullable=False),
        sa.Column("guardian_id", sa.String(length=200), nullable=False),
        sa.Column("checked_by", sa.String(length=200), nullable=False),
        sa.Column("checked_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["guardian_id"], ["person.person_id"], name=op.f("fk_guardian_guardian_id_person")
        ),
        sa.ForeignKeyConstraint(["minor_id"], ["person.person_id"], name=op.f("fk_guardian_minor_id_person")),
        sa.PrimaryKeyConstraint("minor_id", "guardian_id", name=op.f("pk_guardian")),
    )
    op.create_table(
        "guardian_request",
        sa.Column("request_id", sa.String(length=200), nullable=False),
        sa.Column("minor_id", sa.String(length=200), nullable=False),
        sa.Column("guardian_id", sa.String(length=200), nullable=False),
        sa.Column("notice_version", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=200), nullable=False),
        sa.Column("asked_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("answered_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(
            ["guardian_id"], ["person.person_id"], name=op.f("fk_guardian_request_guardian_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["minor_id"], ["person.person_id"], name=op.f("fk_guardian_request_minor_id_person")
        ),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_guardian_request")),
    )
    with op.batch_alter_table("guardian_request") as batch_op:
        batch_op.create_index(batch_op.f("ix_guardian_request_guardian_id"), ["guardian_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_guardian_request_minor_id"), ["minor_id"], unique=False)

    op.create_table(
        "guardian_consent",
        sa.Column("consent_id", sa.String(length=200), nullable=False),
        sa.Column("guardian_id", sa.String(length=200), nullable=False),
        sa.Column("notice_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("language", sa.String(length=200), nullable=False),
        sa.Column("channel", sa.String(length=200), nullable=False),
        sa.Column("given_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["consent_id"], ["consent.consent_id"], name=op.f("fk_guardian_consent_consent_id_consent")
        ),
        sa.ForeignKeyConstraint(
            ["guardian_id"], ["person.person_id"], name=op.f("fk_guardian_consent_guardian_id_person")
        ),
        sa.PrimaryKeyConstraint("consent_id", name=op.f("pk_guardian_consent")),
    )
    with op.batch_alter_table("guardian_consent") as batch_op:
        batch_op.create_index(batch_op.f("ix_guardian_consent_guardian_id"), ["guardian_id"], unique=False)

    with op.batch_alter_table("person") as batch_op:
        batch_op.add_column(sa.Column("age_band_until", sa.Date(), nullable=True))


def downgrade() -> None:
    """Bring the tables back."""
    with op.batch_alter_table("person") as batch_op:
        batch_op.drop_column("age_band_until")

    with op.batch_alter_table("guardian_consent") as batch_op:
        batch_op.drop_index(batch_op.f("ix_guardian_consent_guardian_id"))

    op.drop_table("guardian_consent")
    with op.batch_alter_table("guardian_request") as batch_op:
        batch_op.drop_index(batch_op.f("ix_guardian_request_minor_id"))
        batch_op.drop_index(batch_op.f("ix_guardian_request_guardian_id"))

    op.drop_table("guardian_request")
    op.drop_table("guardian")
    op.drop_table("face_question")
    with op.batch_alter_table("assessment") as batch_op:
        batch_op.drop_index(batch_op.f("ix_assessment_site_id"))

    op.drop_table("assessment")
