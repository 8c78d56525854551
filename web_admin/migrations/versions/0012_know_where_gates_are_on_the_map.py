"""Know where gates are on the map of the compound, and the drawing under them."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up to this revision."""
    op.add_column("gate", sa.Column("map_x", sa.Integer(), nullable=True))
    op.add_column("gate", sa.Column("map_y", sa.Integer(), nullable=True))
    op.add_column("site_look", sa.Column("plan_svg", sa.Text(), nullable=True))
