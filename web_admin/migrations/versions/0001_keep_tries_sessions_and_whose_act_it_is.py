"""Keep tries, sessions, entries set aside, reviews after a restore, and whose act it was."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = "0033"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
TEXT = sa.String(length=200)
PARTY_OF_CHANNEL = {"phone": "owner", "gate": "owner", "home": "home"}


def upgrade() -> None:
    """Bring the tables up to this revision."""
    _make_tables_of_sessions()
    _make_tables_of_journals()
    _make_tables_of_restores()
    _begin_pairings_anew()
    _add_columns()
    _fill_ledger_ends()
    _read_who_suspended()
    _mark_what_others_have_seen()
    _mark_pins()


def _make_tables_of_sessions() -> None:
    op.create_table(
        "limit_count",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("limit_name", sa.String(length=40), nullable=False),
        sa.Column("counted", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("forget_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_limit_count"),
    )
    op.create_index("ix_limit_count_forget_at", "limit_count", ["forget_at"])
    op.create_table(
        "account_session",
        sa.Column("session_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("begun_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="fk_account_session_account_id_account", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("session_sha256", name="pk_account_session"),
    )
    op.create_index("ix_account_session_account_id", "account_session", ["account_id"])
    op.create_index("ix_account_session_ends_at", "account_session", ["ends_at"])
    op.create_table(
        "face_opening",
        sa.Column("person_id", TEXT, nullable=False),
        sa.Column("credential_id", TEXT, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["credential_id"], ["credential.credential_id"], name="fk_face_opening_credential_id_credential"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name="fk_face_opening_person_id_person"),
        sa.PrimaryKeyConstraint("person_id", "credential_id", name="pk_face_opening"),
    )
    op.create_index("ix_face_opening_credential_id", "face_opening", ["credential_id"])


def _make_tables_of_journals() -> None:
    op.create_table(
        "set_aside_entry",
        sa.Column("gate_id", TEXT, nullable=False),
        sa.Column("journal_id", TEXT, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("is_whole", sa.Boolean(), nullable=False),
        sa.Column("why", TEXT, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("ledger_seq", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["gate_id"], ["gate.gate_id"], name="fk_set_aside_entry_gate_id_gate"),
        sa.PrimaryKeyConstraint("gate_id", "journal_id", "seq", "digest", name="pk_set_aside_entry"),
    )
    op.create_index("ix_set_aside_entry_newest", "set_aside_entry", ["gate_id", "received_at"])
    op.create_table(
        "ledger_end",
        sa.Column("site_id", TEXT, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.site_id"], name="fk_ledger_end_site_id_site"),
        sa.PrimaryKeyConstraint("site_id", name="pk_ledger_end"),
    )


def _make_tables_of_restores() -> None:
    op.create_table(
        "gate_handover",
        sa.Column("gate_id", TEXT, nullable=False),
        sa.Column("manifest", sa.LargeBinary(), nullable=True),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("cursor", TEXT, nullable=False),
        sa.Column("done_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["gate_id"], ["gate.gate_id"], name="fk_gate_handover_gate_id_gate"),
        sa.PrimaryKeyConstraint("gate_id", name="pk_gate_handover"),
    )
    op.create_table(
        "handed_record",
        sa.Column("gate_id", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["gate_id"], ["gate.gate_id"], name="fk_handed_record_gate_id_gate"),
        sa.PrimaryKeyConstraint("gate_id", "key", name="pk_handed_record"),
    )
    op.create_table(
        "restore_review",
        sa.Column("review_id", TEXT, nullable=False),
        sa.Column("site_id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("subject_id", TEXT, nullable=False),
        sa.Column("gate_id", TEXT, nullable=True),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("found_at", INSTANT, nullable=False),
        sa.Column("decided_at", INSTANT, nullable=True),
        sa.Column("decided_by", TEXT, nullable=True),
        sa.Column("decision", TEXT, nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["site.site_id"], name="fk_restore_review_site_id_site"),
        sa.PrimaryKeyConstraint("review_id", name="pk_restore_review"),
    )
    op.create_index("ix_restore_review_open", "restore_review", ["site_id", "decided_at"])
    op.create_index("ix_restore_review_subject_id", "restore_review", ["subject_id"])


def _begin_pairings_anew() -> None:
    """Add what a controller commits to; a pairing under way needs a new code."""
    op.execute("UPDATE pair_attempt SET state = 'refused' WHERE state IN ('waiting', 'approved')")
    for name in ("sealing_public_key", "commitment_digest", "server_nonce"):
        op.add_column("pair_attempt", sa.Column(name, sa.LargeBinary(), nullable=True))


def _add_columns() -> None:
    op.add_column("site", sa.Column("restored_at", INSTANT, nullable=True))
    op.add_column("site", sa.Column("backup_epoch", sa.Integer(), nullable=True))
    op.add_column("site", sa.Column("backup_version", sa.Integer(), nullable=True))
    for table, name in (
        ("gate", "policy_withheld"),
        ("lane", "held_after_restore"),
        ("invitation", "made_by_home"),
    ):
        op.add_column(table, sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False))
    for table in ("api_key", "webhook"):
        op.add_column(table, sa.Column("held_at", INSTANT, nullable=True))
    for table in ("person", "credential"):
        op.add_column(table, sa.Column("suspended_by", TEXT, server_default="", nullable=False))
    op.add_column("credential", sa.Column("seen_by", TEXT, nullable=True))
    op.add_column("invitation", sa.Column("proved_at", INSTANT, nullable=True))
    with op.batch_alter_table("desk_visit") as visits:
        visits.alter_column("person_id", existing_type=TEXT, nullable=True)
        visits.add_column(sa.Column("credential_id", TEXT, nullable=True))
        visits.add_column(sa.Column("proved_by", TEXT, nullable=True))
        visits.add_column(sa.Column("proved_at", INSTANT, nullable=True))
    op.execute("UPDATE desk_visit SET proved_at = opened_at")


def _fill_ledger_ends() -> None:
    """Take what each ledger ends with now as its end."""
    op.execute(
        "INSERT INTO ledger_end (site_id, seq, digest) SELECT site_id, seq, digest FROM audit_entry AS entry "
        "WHERE seq = (SELECT MAX(seq) FROM audit_entry WHERE site_id = entry.site_id)"
    )


def _read_who_suspended() -> None:
    """Read out of the ledger who suspended what is suspended."""
    ledger = sa.table(
        "audit_entry", sa.column("seq", sa.Integer), sa.column("kind", sa.String), sa.column("facts", sa.JSON)
    )
    credential = sa.table(
        "credential",
        sa.column("credential_id", sa.String),
        sa.column("state", sa.String),
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
            channel = facts.get("channel", "")
            by[facts["credential_id"]] = "owner" if assisted else PARTY_OF_CHANNEL.get(channel, "office")
    for credential_id, party in by.items():
        one = sa.update(credential).where(credential.c.credential_id == credential_id)
        connection.execute(one.values(suspended_by=party))


def _mark_what_others_have_seen() -> None:
    """Count a child's card as seen by a guardian, and a home's invitation as read there."""
    op.execute(
        "UPDATE credential SET seen_by = 'guardian' WHERE kind = 'card' AND person_id IN "
        "(SELECT person_id FROM person WHERE age_band = 'under_14')"
    )
    op.execute(
        "UPDATE invitation SET made_by_home = true WHERE person_id IN (SELECT person_id FROM home_addition)"
    )


def _mark_pins() -> None:
    """Count a PIN as seen by staff, unless the ledger says that it was made on its person's own phone."""
    ledger = sa.table(
        "audit_entry",
        sa.column("kind", sa.String),
        sa.column("facts", sa.JSON),
        sa.column("person_id", sa.String),
        sa.column("at", INSTANT),
    )
    pin = sa.table(
        "credential",
        sa.column("credential_id", sa.String),
        sa.column("kind", sa.String),
        sa.column("person_id", sa.String),
        sa.column("created_at", INSTANT),
        sa.column("seen_by", sa.String),
    )
    connection = op.get_bind()
    issued = sa.select(ledger.c.person_id, ledger.c.at, ledger.c.facts).where(ledger.c.kind == "pin_issued")
    by_phone = {
        (person_id, at)
        for person_id, at, facts in connection.execute(issued)
        if facts.get("channel") == "phone"
    }
    pins = sa.select(pin.c.credential_id, pin.c.person_id, pin.c.created_at).where(pin.c.kind == "pin")
    for credential_id, person_id, created_at in connection.execute(pins).all():
        if (person_id, created_at) not in by_phone:
            one = sa.update(pin).where(pin.c.credential_id == credential_id)
            connection.execute(one.values(seen_by="staff"))
