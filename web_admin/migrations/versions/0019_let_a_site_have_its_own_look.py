"""Let a site have a colour and a logo of its own, and say how its office is reached."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up to this revision."""
    op.create_table(
        "site_look",
        sa.Column("site_id", sa.String(length=200), nullable=False),
        sa.Column("office_contact", sa.String(length=200), nullable=False),
        sa.Column("accent", sa.String(length=200), nullable=True),
        sa.Column("logo_svg", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["site.site_id"], name=op.f("fk_site_look_site_id_site")),
        sa.PrimaryKeyConstraint("site_id", name=op.f("pk_site_look")),
    )


def downgrade() -> None:
    """Bring the tables back."""
    op.drop_table("site_look")
