"""Keep where each site's ledger ends apart from it, so that entries cut off at its end are missed."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up to this revision; what the ledger ends with now is its end."""
    op.create_table(
        "ledger_end",
        sa.Column("site_id", sa.String(length=200), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.site_id"], name=op.f("fk_ledger_end_site_id_site")),
        sa.PrimaryKeyConstraint("site_id", name=op.f("pk_ledger_end")),
    )
    op.execute(
        "INSERT INTO ledger_end (site_id, seq, digest) SELECT site_id, seq, digest FROM audit_entry AS entry "
        "WHERE seq = (SELECT MAX(seq) FROM audit_entry WHERE site_id = entry.site_id)"
    )


def downgrade() -> None:
    """Bring the tables back."""
    op.drop_table("ledger_end")
