"""Know gates' versions and disks, looks, audits, roll-outs, and alarms that last.

Checkouts between 0.1.0 and 0.2.0 have a part of it already under the revision before; the rest is added.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.sql.schema import SchemaItem

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
TEXT = sa.String(length=200)


def upgrade() -> None:
    """Bring the tables up to this revision."""
    _add(
        "gate",
        sa.Column("program", TEXT, server_default="", nullable=False),
        sa.Column("knows", sa.JSON(none_as_null=True), server_default="[]", nullable=False),
        sa.Column("published_knows", sa.JSON(none_as_null=True), server_default="[]", nullable=False),
        sa.Column("policy_trouble", sa.Text(), server_default="", nullable=False),
        sa.Column("behind_since", INSTANT, nullable=True),
        sa.Column("disk_free_mib", sa.Integer(), nullable=True),
        sa.Column("disk_total_mib", sa.Integer(), nullable=True),
        sa.Column("disk_reserve_in_use", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("without_face", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("update_step", TEXT, server_default="", nullable=False),
        sa.Column("update_version", TEXT, server_default="", nullable=False),
        sa.Column("update_order_id", TEXT, server_default="", nullable=False),
        sa.Column("update_why", sa.Text(), server_default="", nullable=False),
        sa.Column("ordered_version", TEXT, server_default="", nullable=False),
        sa.Column("ordered_id", TEXT, server_default="", nullable=False),
    )
    _add("alarm", sa.Column("over_at", INSTANT, nullable=True))
    _let_alarms_last()
    _make_tables_of_looks()
    _make_table_of_audits()
    _make_table_of_rollouts()


def _add(table: str, *columns: sa.Column[object]) -> None:
    has = {column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)}
    for column in columns:
        if column.name not in has:
            op.add_column(table, column)


def _make(table: str, items: Sequence[SchemaItem], index: Sequence[str] = ()) -> None:
    """Make a table that is not there yet, with an index over one column of it."""
    if sa.inspect(op.get_bind()).has_table(table):
        return
    op.create_table(table, *items)
    for column in index:
        op.create_index(f"ix_{table}_{column}", table, [column])


def _let_alarms_last() -> None:
    has = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("alarm")}
    if "lasting_key" in has:
        return
    with op.batch_alter_table("alarm") as alarms:
        alarms.add_column(sa.Column("lasting_key", TEXT, nullable=True))
        alarms.add_column(sa.Column("mailed_at", INSTANT, nullable=True))
        alarms.create_unique_constraint("uq_alarm_site_id", ["site_id", "lasting_key"])


def _make_tables_of_looks() -> None:
    _make(
        "face_look",
        [
            sa.Column("gate_id", TEXT, nullable=False),
            sa.Column("look_id", TEXT, nullable=False),
            sa.Column("consent_id", TEXT, nullable=False),
            sa.Column("taken_at", INSTANT, nullable=False),
            sa.Column("dropped_at", INSTANT, nullable=True),
            sa.ForeignKeyConstraint(
                ["consent_id"], ["consent.consent_id"], name="fk_face_look_consent_id_consent"
            ),
            sa.ForeignKeyConstraint(["gate_id"], ["gate.gate_id"], name="fk_face_look_gate_id_gate"),
            sa.PrimaryKeyConstraint("gate_id", "look_id", name="pk_face_look"),
        ],
        index=["consent_id"],
    )
    _make(
        "look_offer",
        [
            sa.Column("consent_id", TEXT, nullable=False),
            sa.Column("misses", sa.Integer(), nullable=False),
            sa.Column("missed_at", INSTANT, nullable=True),
            sa.Column("offered_at", INSTANT, nullable=True),
            sa.Column("is_off", sa.Boolean(), nullable=False),
            sa.ForeignKeyConstraint(
                ["consent_id"], ["consent.consent_id"], name="fk_look_offer_consent_id_consent"
            ),
            sa.PrimaryKeyConstraint("consent_id", name="pk_look_offer"),
        ],
    )


def _make_table_of_audits() -> None:
    _make(
        "compliance_audit",
        [
            sa.Column("audit_id", TEXT, nullable=False),
            sa.Column("site_id", TEXT, nullable=False),
            sa.Column("period_from", sa.Date(), nullable=False),
            sa.Column("period_until", sa.Date(), nullable=False),
            sa.Column("auditor", TEXT, nullable=False),
            sa.Column("is_independent", sa.Boolean(), nullable=False),
            sa.Column("scope", sa.Text(), nullable=False),
            sa.Column("figures", sa.JSON(none_as_null=True), nullable=False),
            sa.Column("findings", sa.Text(), nullable=False),
            sa.Column("fixes", sa.Text(), nullable=False),
            sa.Column("began_at", INSTANT, nullable=False),
            sa.Column("began_by", TEXT, nullable=False),
            sa.Column("closed_at", INSTANT, nullable=True),
            sa.ForeignKeyConstraint(["site_id"], ["site.site_id"], name="fk_compliance_audit_site_id_site"),
            sa.PrimaryKeyConstraint("audit_id", name="pk_compliance_audit"),
        ],
        index=["site_id"],
    )


def _make_table_of_rollouts() -> None:
    _make(
        "rollout",
        [
            sa.Column("rollout_id", TEXT, nullable=False),
            sa.Column("site_id", TEXT, nullable=False),
            sa.Column("version", TEXT, nullable=False),
            sa.Column("stage", TEXT, nullable=False),
            sa.Column("state", TEXT, nullable=False),
            sa.Column("attempt", sa.Integer(), nullable=False),
            sa.Column("kept_since", INSTANT, nullable=True),
            sa.Column("why", sa.Text(), server_default="", nullable=False),
            sa.Column("halted_by", TEXT, nullable=True),
            sa.Column("started_by", TEXT, nullable=False),
            sa.Column("started_at", INSTANT, nullable=False),
            sa.Column("changed_at", INSTANT, nullable=False),
            sa.ForeignKeyConstraint(["site_id"], ["site.site_id"], name="fk_rollout_site_id_site"),
            sa.PrimaryKeyConstraint("rollout_id", name="pk_rollout"),
        ],
        index=["site_id"],
    )
