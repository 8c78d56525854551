"""Keep access reviews and when cards were used."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up to this revision."""
    op.create_table(
        "access_review_round",
        sa.Column("round_id", sa.String(length=200), nullable=False),
        sa.Column("site_id", sa.String(length=200), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("began_by", sa.String(length=200), nullable=False),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(length=200), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("signature", sa.String(length=200), nullable=True),
        sa.Column("certificate", sa.LargeBinary(), nullable=True),
        sa.Column("certificate_signature", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.site_id"], name=op.f("fk_access_review_round_site_id_site")
        ),
        sa.PrimaryKeyConstraint("round_id", name=op.f("pk_access_review_round")),
        sa.UniqueConstraint("site_id", "number", name=op.f("uq_access_review_round_site_id")),
    )
    op.create_table(
        "access_review_row",
        sa.Column("row_id", sa.String(length=200), nullable=False),
        sa.Column("round_id", sa.String(length=200), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=200), nullable=False),
        sa.Column("subject_id", sa.String(length=200), nullable=False),
        sa.Column("person_id", sa.String(length=200), nullable=True),
        sa.Column("home_id", sa.String(length=200), nullable=True),
        sa.Column("risk", sa.Integer(), nullable=False),
        sa.Column("why", sa.String(length=200), nullable=False),
        sa.Column("unused_since", sa.Date(), nullable=True),
        sa.Column("carried", sa.Integer(), nullable=False),
        sa.Column("asked_whom", sa.String(length=200), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked_by", sa.String(length=200), nullable=True),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.String(length=200), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.String(length=200), nullable=True),
        sa.Column("decision", sa.String(length=200), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(
            ["home_id"], ["home.home_id"], name=op.f("fk_access_review_row_home_id_home")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.person_id"], name=op.f("fk_access_review_row_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["round_id"],
            ["access_review_round.round_id"],
            name=op.f("fk_access_review_row_round_id_access_review_round"),
        ),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_access_review_row")),
    )
    with op.batch_alter_table("access_review_row", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_access_review_row_home_id"), ["home_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_access_review_row_person_id"), ["person_id"], unique=False)
        batch_op.create_index("ix_access_review_row_place", ["round_id", "place"], unique=False)

    op.create_table(
        "card_month",
        sa.Column("credential_id", sa.String(length=200), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["credential_id"],
            ["credential.credential_id"],
            name=op.f("fk_card_month_credential_id_credential"),
        ),
        sa.PrimaryKeyConstraint("credential_id", name=op.f("pk_card_month")),
    )
