"""Remember what one shift hands to the next, and find open alarms and the newest events at once."""

import sqlalchemy as sa
from alembic import op

import web_admin.model_base

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

SINGLE = ("at", "kind", "person_id")
NEWEST = {
    "ix_gate_event_newest": ["at", "gate_id", "seq"],
    "ix_gate_event_gate_newest": ["gate_id", "at", "seq"],
    "ix_gate_event_lane_newest": ["lane_id", "at", "gate_id", "seq"],
    "ix_gate_event_kind_newest": ["kind", "at", "gate_id", "seq"],
    "ix_gate_event_method_newest": ["method", "at", "gate_id", "seq"],
    "ix_gate_event_reason_newest": ["reason", "at", "gate_id", "seq"],
    "ix_gate_event_person_newest": ["person_id", "at"],
}


def upgrade() -> None:
    """Bring the tables up to this revision."""
    op.create_table(
        "shift_handover",
        sa.Column("handover_id", sa.String(length=200), nullable=False),
        sa.Column("site_id", sa.String(length=200), nullable=False),
        sa.Column("at", web_admin.model_base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("author_id", sa.String(length=200), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("open_alarm_ids", sa.JSON(), nullable=False),
        sa.Column("taken_over_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("taken_over_by", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["site.site_id"], name=op.f("fk_shift_handover_site_id_site")),
        sa.PrimaryKeyConstraint("handover_id", name=op.f("pk_shift_handover")),
    )
    with op.batch_alter_table("shift_handover") as batch_op:
        batch_op.create_index(batch_op.f("ix_shift_handover_at"), ["at"])
        batch_op.create_index(batch_op.f("ix_shift_handover_site_id"), ["site_id"])
    with op.batch_alter_table("alarm") as batch_op:
        batch_op.create_index("ix_alarm_open", ["site_id", "acknowledged_at", "raised_at"])
        batch_op.drop_index(batch_op.f("ix_alarm_site_id"))
    _repeat_facts()
    for name in SINGLE:
        op.drop_index(op.f(f"ix_gate_event_{name}"), "gate_event")
    for name, columns in NEWEST.items():
        op.create_index(name, "gate_event", columns)


def _repeat_facts() -> None:
    for name in ("method", "reason"):
        op.add_column("gate_event", sa.Column(name, sa.String(length=200), nullable=True))
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    fact = "json_extract(facts, '$.{0}')" if is_sqlite else "facts ->> '{0}'"
    taken = ", ".join(f"{name} = {fact.format(name)}" for name in ("method", "reason"))
    op.execute(f"UPDATE gate_event SET {taken} WHERE kind = 'access'")  # noqa: S608 - our own words


def downgrade() -> None:
    """Bring the tables back."""
    for name in NEWEST:
        op.drop_index(name, "gate_event")
    for name in SINGLE:
        op.create_index(op.f(f"ix_gate_event_{name}"), "gate_event", [name])
    with op.batch_alter_table("gate_event") as batch_op:
        batch_op.drop_column("reason")
        batch_op.drop_column("method")
    with op.batch_alter_table("alarm") as batch_op:
        batch_op.create_index(batch_op.f("ix_alarm_site_id"), ["site_id"])
        batch_op.drop_index("ix_alarm_open")
    op.drop_table("shift_handover")
