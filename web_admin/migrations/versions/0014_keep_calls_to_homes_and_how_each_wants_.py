"""Keep calls to homes and how each wants to be called."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up to this revision."""
    op.create_table(
        "call_settings",
        sa.Column("site_id", sa.String(length=200), nullable=False),
        sa.Column("prefixes", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("hosts", sa.JSON(none_as_null=True), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.site_id"], name=op.f("fk_call_settings_site_id_site")),
        sa.PrimaryKeyConstraint("site_id", name=op.f("pk_call_settings")),
    )
    op.create_table(
        "call_number",
        sa.Column("number_id", sa.String(length=200), nullable=False),
        sa.Column("person_id", sa.String(length=200), nullable=False),
        sa.Column("number_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("proved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.person_id"], name=op.f("fk_call_number_person_id_person")
        ),
        sa.PrimaryKeyConstraint("number_id", name=op.f("pk_call_number")),
    )
    with op.batch_alter_table("call_number", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_call_number_person_id"), ["person_id"], unique=False)

    op.create_table(
        "home_call",
        sa.Column("call_id", sa.String(length=200), nullable=False),
        sa.Column("site_id", sa.String(length=200), nullable=False),
        sa.Column("gate_id", sa.String(length=200), nullable=False),
        sa.Column("lane_id", sa.String(length=200), nullable=False),
        sa.Column("home_id", sa.String(length=200), nullable=False),
        sa.Column("purpose", sa.String(length=200), nullable=False),
        sa.Column("stage", sa.String(length=200), nullable=False),
        sa.Column("end", sa.String(length=200), nullable=True),
        sa.Column("to_guard", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("reply", sa.String(length=200), nullable=True),
        sa.Column("plan", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.String(length=200), nullable=True),
        sa.Column("leg", sa.Integer(), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("has_telephone", sa.Boolean(), nullable=False),
        sa.Column("sealing_public_key", sa.LargeBinary(), nullable=False),
        sa.Column("order_id", sa.String(length=200), nullable=True),
        sa.Column("order_person_id", sa.String(length=200), nullable=True),
        sa.Column("order_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pushed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["answered_by"], ["person.person_id"], name=op.f("fk_home_call_answered_by_person")
        ),
        sa.ForeignKeyConstraint(["gate_id"], ["gate.gate_id"], name=op.f("fk_home_call_gate_id_gate")),
        sa.ForeignKeyConstraint(
            ["home_id"], ["home.home_id"], name=op.f("fk_home_call_home_id_home"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["order_person_id"], ["person.person_id"], name=op.f("fk_home_call_order_person_id_person")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.site_id"], name=op.f("fk_home_call_site_id_site")),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_home_call")),
    )
    with op.batch_alter_table("home_call", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_home_call_answered_by"), ["answered_by"], unique=False)
        batch_op.create_index("ix_home_call_gate", ["gate_id", "stage"], unique=False)
        batch_op.create_index("ix_home_call_home", ["home_id", "stage"], unique=False)
        batch_op.create_index(batch_op.f("ix_home_call_order_person_id"), ["order_person_id"], unique=False)
        batch_op.create_index("ix_home_call_started_at", ["started_at"], unique=False)

    op.create_table(
        "home_call_person",
        sa.Column("person_id", sa.String(length=200), nullable=False),
        sa.Column("home_id", sa.String(length=200), nullable=False),
        sa.Column("is_called", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("page_open_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["home_id"], ["home.home_id"], name=op.f("fk_home_call_person_home_id_home"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.person_id"], name=op.f("fk_home_call_person_person_id_person")
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_home_call_person")),
    )
    with op.batch_alter_table("home_call_person", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_home_call_person_home_id"), ["home_id"], unique=False)

    op.create_table(
        "home_call_wishes",
        sa.Column("home_id", sa.String(length=200), nullable=False),
        sa.Column("site_id", sa.String(length=200), nullable=False),
        sa.Column("takes_calls", sa.Boolean(), nullable=False),
        sa.Column("reach", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("quiet_from", sa.Integer(), nullable=True),
        sa.Column("quiet_until", sa.Integer(), nullable=True),
        sa.Column("dnd_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("blocked_gates", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("courier", sa.String(length=200), nullable=False),
        sa.Column("courier_by", sa.String(length=200), nullable=True),
        sa.Column("directory_label", sa.String(length=200), nullable=True),
        sa.Column("tested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("test_result", sa.String(length=200), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["courier_by"], ["person.person_id"], name=op.f("fk_home_call_wishes_courier_by_person")
        ),
        sa.ForeignKeyConstraint(
            ["home_id"], ["home.home_id"], name=op.f("fk_home_call_wishes_home_id_home"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.site_id"], name=op.f("fk_home_call_wishes_site_id_site")),
        sa.PrimaryKeyConstraint("home_id", name=op.f("pk_home_call_wishes")),
    )
    with op.batch_alter_table("home_call_wishes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_home_call_wishes_courier_by"), ["courier_by"], unique=False)
        batch_op.create_index(batch_op.f("ix_home_call_wishes_site_id"), ["site_id"], unique=False)

    op.create_table(
        "telephone_task",
        sa.Column("task_id", sa.String(length=200), nullable=False),
        sa.Column("site_id", sa.String(length=200), nullable=False),
        sa.Column("gate_id", sa.String(length=200), nullable=True),
        sa.Column("number_id", sa.String(length=200), nullable=True),
        sa.Column("person_id", sa.String(length=200), nullable=False),
        sa.Column("purpose", sa.String(length=200), nullable=False),
        sa.Column("code_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(["gate_id"], ["gate.gate_id"], name=op.f("fk_telephone_task_gate_id_gate")),
        sa.ForeignKeyConstraint(
            ["number_id"],
            ["call_number.number_id"],
            name=op.f("fk_telephone_task_number_id_call_number"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.person_id"], name=op.f("fk_telephone_task_person_id_person")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.site_id"], name=op.f("fk_telephone_task_site_id_site")),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_telephone_task")),
    )
    with op.batch_alter_table("telephone_task", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_telephone_task_number_id"), ["number_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_telephone_task_person_id"), ["person_id"], unique=False)
        batch_op.create_index("ix_telephone_task_site", ["site_id", "state"], unique=False)
