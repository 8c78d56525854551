"""Sort homes as people count them, and know the building of each."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_KEY = sa.String(200).with_variant(sa.String(200, collation="C"), "postgresql")


def upgrade() -> None:
    """Bring the tables up to this revision."""
    with op.batch_alter_table("home") as batch_op:
        batch_op.add_column(sa.Column("sort_key", _KEY, server_default="", nullable=False))
        batch_op.add_column(sa.Column("building", sa.String(200), server_default="", nullable=False))
    _fill()
    with op.batch_alter_table("home") as batch_op:
        batch_op.alter_column("sort_key", server_default=None)
        batch_op.alter_column("building", server_default=None)
        batch_op.create_index("ix_home_site_id_sort_key", ["site_id", "sort_key"], unique=False)


def _fill() -> None:
    """Write both for the homes that are there; how they are made is fixed here as it was then."""
    home = sa.table("home", sa.column("home_id"), sa.column("number"), sa.column("sort_key"),
                    sa.column("building"))
    connection = op.get_bind()
    made = [
        {
            "id": home_id,
            "key": "-".join(f"{len(p.lstrip('0')):02d}{p.lstrip('0')}" for p in number.split("-")),
            "first": number.partition("-")[0],
        }
        for home_id, number in connection.execute(sa.select(home.c.home_id, home.c.number))
    ]
    if made:
        connection.execute(
            sa.update(home)
            .where(home.c.home_id == sa.bindparam("id"))
            .values(sort_key=sa.bindparam("key"), building=sa.bindparam("first")),
            made,
        )


def downgrade() -> None:
    """Bring the tables back."""
    with op.batch_alter_table("home") as batch_op:
        batch_op.drop_index("ix_home_site_id_sort_key")
        batch_op.drop_column("building")
        batch_op.drop_column("sort_key")
