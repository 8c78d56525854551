"""Remember who suspended a person or a card: only they, or the office, may end it."""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

_PARTY_OF = {"phone": "owner", "gate": "owner", "home": "home"}


def upgrade() -> None:
    """Bring the tables up to this revision; who suspended what is read out of the ledger."""
    for name in ("person", "credential"):
        with op.batch_alter_table(name) as batch:
            batch.add_column(
                sa.Column("suspended_by", sa.String(length=200), nullable=False, server_default="")
            )
    ledger = sa.table(
        "audit_entry", sa.column("seq", sa.Integer), sa.column("kind", sa.String), sa.column("facts", sa.JSON)
    )
    credential = sa.table(
        "credential", sa.column("credential_id", sa.String), sa.column("state", sa.String),
        sa.column("suspended_by", sa.String),
    )
    connection = op.get_bind()
    suspended = set(
        connection.scalars(sa.select(credential.c.credential_id).where(credential.c.state == "suspended"))
    )
    by: dict[str, str] = {}
    entries = sa.select(ledger.c.facts).where(ledger.c.kind == "credential_suspended").order_by(ledger.c.seq)
    for facts in connection.scalars(entries):
        if facts.get("credential_id") in suspended:
            assisted = facts.get("assisted") is True
            by[facts["credential_id"]] = "owner" if assisted else _PARTY_OF.get(facts["channel"], "office")
    for credential_id, party in by.items():
        one = sa.update(credential).where(credential.c.credential_id == credential_id)
        connection.execute(one.values(suspended_by=party))


def downgrade() -> None:
    """Bring the tables back."""
    for name in ("person", "credential"):
        with op.batch_alter_table(name) as batch:
            batch.drop_column("suspended_by")
