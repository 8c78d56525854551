"""Find the newest visitor passes without sorting all of them."""

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up to this revision."""
    op.create_index("ix_visitor_pass_newest", "visitor_pass", ["site_id", "created_at"])
    op.drop_index(op.f("ix_visitor_pass_site_id"), "visitor_pass")


def downgrade() -> None:
    """Bring the tables back."""
    op.create_index(op.f("ix_visitor_pass_site_id"), "visitor_pass", ["site_id"])
    op.drop_index("ix_visitor_pass_newest", "visitor_pass")
