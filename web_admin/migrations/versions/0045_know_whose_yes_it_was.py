"""Remember who has seen a card or PIN, who made an invitation, and what a face was given with."""

import sqlalchemy as sa
from alembic import op

import web_admin.model_base

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up to this revision.

    A PIN counts as seen by staff, a child's card as seen by a guardian and a home's invitation as read there,
    unless the ledger says that it was made on its person's own phone.
    """
    moment = web_admin.model_base.UtcDateTime(timezone=True)
    with op.batch_alter_table("credential") as batch:
        batch.add_column(sa.Column("seen_by", sa.String(length=200), nullable=True))
    with op.batch_alter_table("invitation") as batch:
        batch.add_column(sa.Column("made_by_home", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch.add_column(sa.Column("proved_at", moment, nullable=True))
    op.create_table(
        "face_opening",
        sa.Column("person_id", sa.String(length=200), nullable=False),
        sa.Column("credential_id", sa.String(length=200), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["credential_id"], ["credential.credential_id"],
            name=op.f("fk_face_opening_credential_id_credential"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.person_id"], name=op.f("fk_face_opening_person_id_person")
        ),
        sa.PrimaryKeyConstraint("person_id", "credential_id", name=op.f("pk_face_opening")),
    )
    with op.batch_alter_table("face_opening") as batch:
        batch.create_index(batch.f("ix_face_opening_credential_id"), ["credential_id"])
    op.execute(
        "UPDATE credential SET seen_by = 'guardian' WHERE kind = 'card' AND person_id IN "
        "(SELECT person_id FROM person WHERE age_band = 'under_14')"
    )
    op.execute(
        "UPDATE invitation SET made_by_home = true WHERE person_id IN (SELECT person_id FROM home_addition)"
    )
    _mark_pins()


def _mark_pins() -> None:
    moment = web_admin.model_base.UtcDateTime(timezone=True)
    ledger = sa.table(
        "audit_entry", sa.column("kind", sa.String), sa.column("facts", sa.JSON),
        sa.column("person_id", sa.String), sa.column("at", moment),
    )
    pin = sa.table(
        "credential", sa.column("credential_id", sa.String), sa.column("kind", sa.String),
        sa.column("person_id", sa.String), sa.column("created_at", moment), sa.column("seen_by", sa.String),
    )
    connection = op.get_bind()
    issued = sa.select(ledger.c.person_id, ledger.c.at, ledger.c.facts).where(ledger.c.kind == "pin_issued")
    by_phone = {
        (person_id, at) for person_id, at, facts in connection.execute(issued)
        if facts.get("channel") == "phone"
    }
    pins = sa.select(pin.c.credential_id, pin.c.person_id, pin.c.created_at).where(pin.c.kind == "pin")
    for credential_id, person_id, created_at in connection.execute(pins).all():
        if (person_id, created_at) not in by_phone:
            one = sa.update(pin).where(pin.c.credential_id == credential_id)
            connection.execute(one.values(seen_by="staff"))


def downgrade() -> None:
    """Bring the tables back."""
    op.drop_table("face_opening")
    with op.batch_alter_table("invitation") as batch:
        batch.drop_column("proved_at")
        batch.drop_column("made_by_home")
    with op.batch_alter_table("credential") as batch:
        batch.drop_column("seen_by")
