"""Make all tables."""
# ruff: noqa: PLR0915 - as Alembic wrote it: one statement a table

import sqlalchemy as sa
from alembic import op

import web_admin.model_base

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up to this revision."""
    op.create_table(
        "notice",
        sa.Column("purpose", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=200), nullable=False),
        sa.Column("fields", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("published_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("purpose", "version", "language", name=op.f("pk_notice")),
    )
    op.create_table(
        "role",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role")),
        sa.UniqueConstraint("name", name=op.f("uq_role_name")),
    )
    op.create_table(
        "site",
        sa.Column("site_id", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("timezone", sa.String(length=200), nullable=False),
        sa.Column("language", sa.String(length=200), nullable=False),
        sa.Column("card_bits", sa.Integer(), nullable=False),
        sa.Column("max_policy_age_days", sa.Integer(), nullable=False),
        sa.Column("ask_again_seconds", sa.Double(), nullable=False),
        sa.Column("face_enabled", sa.Boolean(), nullable=False),
        sa.Column("root_public_key", sa.LargeBinary(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("restoring", sa.Boolean(), nullable=False),
        sa.Column("created_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("site_id", name=op.f("pk_site")),
    )
    op.create_table(
        "alarm",
        sa.Column("alarm_id", sa.String(length=200), nullable=False),
        sa.Column("site_id", sa.String(length=200), nullable=False),
        sa.Column("gate_id", sa.String(length=200), nullable=True),
        sa.Column("lane_id", sa.String(length=200), nullable=True),
        sa.Column("kind", sa.String(length=200), nullable=False),
        sa.Column("detail", sa.String(length=200), nullable=False),
        sa.Column("raised_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("acknowledged_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sa.String(length=200), nullable=True),
        sa.Column("note", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["site.site_id"], name=op.f("fk_alarm_site_id_site")),
        sa.PrimaryKeyConstraint("alarm_id", name=op.f("pk_alarm")),
    )
    with op.batch_alter_table("alarm", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_alarm_site_id"), ["site_id"], unique=False)

    op.create_table(
        "audit_entry",
        sa.Column("site_id", sa.String(length=200), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", web_admin.model_base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=200), nullable=False),
        sa.Column("person_id", sa.String(length=200), nullable=True),
        sa.Column("facts", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("personal", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("personal_digest", sa.LargeBinary(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.site_id"], name=op.f("fk_audit_entry_site_id_site")),
        sa.PrimaryKeyConstraint("site_id", "seq", name=op.f("pk_audit_entry")),
    )
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_entry_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_entry_person_id"), ["person_id"], unique=False)

    op.create_table(
        "calendar_day",
        sa.Column("site_id", sa.String(length=200), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.site_id"], name=op.f("fk_calendar_day_site_id_site")),
        sa.PrimaryKeyConstraint("site_id", "day", name=op.f("pk_calendar_day")),
    )
    op.create_table(
        "gate",
        sa.Column("gate_id", sa.String(length=200), nullable=False),
        sa.Column("site_id", sa.String(length=200), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=200), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=True),
        sa.Column("card_key_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("pin_key_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("request_counter", sa.Integer(), nullable=False),
        sa.Column("request_digest", sa.LargeBinary(), nullable=True),
        sa.Column("forked_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("published_version", sa.Integer(), nullable=False),
        sa.Column("published_digest", sa.LargeBinary(), nullable=True),
        sa.Column("have_epoch", sa.Integer(), nullable=False),
        sa.Column("have_version", sa.Integer(), nullable=False),
        sa.Column("journal_id", sa.String(length=200), nullable=True),
        sa.Column("acknowledged_seq", sa.Integer(), nullable=False),
        sa.Column("head_digest", sa.LargeBinary(), nullable=True),
        sa.Column("last_seen_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("clock_sure", sa.Boolean(), nullable=False),
        sa.Column("tombstones_taken", sa.Boolean(), nullable=False),
        sa.Column("lane_states", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("device_states", sa.JSON(none_as_null=True), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.site_id"], name=op.f("fk_gate_site_id_site")),
        sa.PrimaryKeyConstraint("gate_id", name=op.f("pk_gate")),
        sa.UniqueConstraint("site_id", "number", name=op.f("uq_gate_site_id")),
    )
    op.create_table(
        "home",
        sa.Column("home_id", sa.String(length=200), nullable=False),
        sa.Column("site_id", sa.String(length=200), nullable=False),
        sa.Column("number", sa.String(length=200), nullable=False),
        sa.Column("pin_salt", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.site_id"], name=op.f("fk_home_site_id_site")),
        sa.PrimaryKeyConstraint("home_id", name=op.f("pk_home")),
        sa.UniqueConstraint("site_id", "number", name=op.f("uq_home_site_id")),
    )
    op.create_table(
        "hours",
        sa.Column("hours_id", sa.String(length=200), nullable=False),
        sa.Column("site_id", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("spans", sa.JSON(none_as_null=True), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.site_id"], name=op.f("fk_hours_site_id_site")),
        sa.PrimaryKeyConstraint("hours_id", name=op.f("pk_hours")),
    )
    op.create_table(
        "site_key",
        sa.Column("site_id", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=200), nullable=False),
        sa.Column("private_key_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("certificate", sa.LargeBinary(), nullable=False),
        sa.Column("certificate_signature", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.site_id"], name=op.f("fk_site_key_site_id_site")),
        sa.PrimaryKeyConstraint("site_id", "role", name=op.f("pk_site_key")),
    )
    op.create_table(
        "gate_event",
        sa.Column("gate_id", sa.String(length=200), nullable=False),
        sa.Column("journal_id", sa.String(length=200), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", web_admin.model_base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=200), nullable=False),
        sa.Column("lane_id", sa.String(length=200), nullable=True),
        sa.Column("person_id", sa.String(length=200), nullable=True),
        sa.Column("facts", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("personal", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("personal_digest", sa.LargeBinary(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["gate_id"], ["gate.gate_id"], name=op.f("fk_gate_event_gate_id_gate")),
        sa.PrimaryKeyConstraint("gate_id", "journal_id", "seq", name=op.f("pk_gate_event")),
    )
    with op.batch_alter_table("gate_event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_gate_event_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_gate_event_kind"), ["kind"], unique=False)
        batch_op.create_index(batch_op.f("ix_gate_event_person_id"), ["person_id"], unique=False)

    op.create_table(
        "lane",
        sa.Column("lane_id", sa.String(length=200), nullable=False),
        sa.Column("gate_id", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("direction", sa.String(length=200), nullable=False),
        sa.Column("methods", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("method_hours", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("pulse_seconds", sa.Double(), nullable=False),
        sa.Column("slow_pulse_seconds", sa.Double(), nullable=False),
        sa.Column("posture", sa.String(length=200), nullable=False),
        sa.Column("posture_hours", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("override_posture", sa.String(length=200), nullable=True),
        sa.Column("override_author_id", sa.String(length=200), nullable=True),
        sa.Column("override_reason", sa.String(length=200), nullable=True),
        sa.Column("override_until", web_admin.model_base.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["gate_id"], ["gate.gate_id"], name=op.f("fk_lane_gate_id_gate")),
        sa.PrimaryKeyConstraint("lane_id", name=op.f("pk_lane")),
    )
    with op.batch_alter_table("lane", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_lane_gate_id"), ["gate_id"], unique=False)

    op.create_table(
        "open_order",
        sa.Column("order_id", sa.String(length=200), nullable=False),
        sa.Column("gate_id", sa.String(length=200), nullable=False),
        sa.Column("lane_id", sa.String(length=200), nullable=False),
        sa.Column("issued_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("valid_seconds", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("delivered_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["gate_id"], ["gate.gate_id"], name=op.f("fk_open_order_gate_id_gate")),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_open_order")),
    )
    with op.batch_alter_table("open_order", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_open_order_gate_id"), ["gate_id"], unique=False)

    op.create_table(
        "pair_attempt",
        sa.Column("pair_id", sa.String(length=200), nullable=False),
        sa.Column("gate_id", sa.String(length=200), nullable=False),
        sa.Column("code_digest", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=200), nullable=False),
        sa.Column("gate_public_key", sa.LargeBinary(), nullable=True),
        sa.Column("nonce", sa.LargeBinary(), nullable=True),
        sa.Column("phrase", sa.String(length=200), nullable=True),
        sa.Column("hardware_name", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(["gate_id"], ["gate.gate_id"], name=op.f("fk_pair_attempt_gate_id_gate")),
        sa.PrimaryKeyConstraint("pair_id", name=op.f("pk_pair_attempt")),
    )
    op.create_table(
        "person",
        sa.Column("person_id", sa.String(length=200), nullable=False),
        sa.Column("site_id", sa.String(length=200), nullable=False),
        sa.Column("home_id", sa.String(length=200), nullable=True),
        sa.Column("display_name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=200), nullable=False),
        sa.Column("age_band", sa.String(length=200), nullable=False),
        sa.Column("language", sa.String(length=200), nullable=False),
        sa.Column("methods", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("face_paused_reason", sa.String(length=200), nullable=True),
        sa.Column("suspended", sa.Boolean(), nullable=False),
        sa.Column("slow_pass", sa.Boolean(), nullable=False),
        sa.Column("created_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("ended_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["home_id"], ["home.home_id"], name=op.f("fk_person_home_id_home")),
        sa.ForeignKeyConstraint(["site_id"], ["site.site_id"], name=op.f("fk_person_site_id_site")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_person")),
    )
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_person_home_id"), ["home_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_person_site_id"), ["site_id"], unique=False)

    op.create_table(
        "policy_record",
        sa.Column("gate_id", sa.String(length=200), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["gate_id"], ["gate.gate_id"], name=op.f("fk_policy_record_gate_id_gate")),
        sa.PrimaryKeyConstraint("gate_id", "key", name=op.f("pk_policy_record")),
    )
    op.create_table(
        "account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=200), nullable=True),
        sa.Column("username", sa.String(length=200), nullable=True),
        sa.Column("password", sa.String(length=255), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("fs_uniquifier", sa.String(length=64), nullable=False),
        sa.Column("tf_primary_method", sa.String(length=200), nullable=True),
        sa.Column("tf_totp_secret", sa.String(length=400), nullable=True),
        sa.Column("tf_phone_number", sa.String(length=200), nullable=True),
        sa.Column("last_totp_counter", sa.Integer(), nullable=True),
        sa.Column("person_id", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.person_id"], name=op.f("fk_account_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("email", name=op.f("uq_account_email")),
        sa.UniqueConstraint("fs_uniquifier", name=op.f("uq_account_fs_uniquifier")),
        sa.UniqueConstraint("person_id", name=op.f("uq_account_person_id")),
        sa.UniqueConstraint("username", name=op.f("uq_account_username")),
    )
    op.create_table(
        "consent",
        sa.Column("consent_id", sa.String(length=200), nullable=False),
        sa.Column("person_id", sa.String(length=200), nullable=False),
        sa.Column("purpose", sa.String(length=200), nullable=False),
        sa.Column("notice_version", sa.Integer(), nullable=False),
        sa.Column("notice_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("language", sa.String(length=200), nullable=False),
        sa.Column("channel", sa.String(length=200), nullable=False),
        sa.Column("given_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_channel", sa.String(length=200), nullable=True),
        sa.Column("withdrawn_why", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.person_id"], name=op.f("fk_consent_person_id_person")
        ),
        sa.PrimaryKeyConstraint("consent_id", name=op.f("pk_consent")),
    )
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_consent_person_id"), ["person_id"], unique=False)

    op.create_table(
        "credential",
        sa.Column("credential_id", sa.String(length=200), nullable=False),
        sa.Column("person_id", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=200), nullable=False),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.Column("lookup", sa.LargeBinary(), nullable=True),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("public_key", sa.LargeBinary(), nullable=True),
        sa.Column("duress", sa.Boolean(), nullable=False),
        sa.Column("lanes", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("valid_from", web_admin.model_base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("valid_until", web_admin.model_base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("created_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("ended_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("ended_reason", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.person_id"], name=op.f("fk_credential_person_id_person")
        ),
        sa.PrimaryKeyConstraint("credential_id", name=op.f("pk_credential")),
    )
    with op.batch_alter_table("credential", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_credential_lookup"), ["lookup"], unique=False)
        batch_op.create_index(batch_op.f("ix_credential_person_id"), ["person_id"], unique=False)

    op.create_table(
        "grant_row",
        sa.Column("grant_id", sa.String(length=200), nullable=False),
        sa.Column("person_id", sa.String(length=200), nullable=False),
        sa.Column("lanes", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("hours_id", sa.String(length=200), nullable=True),
        sa.Column("valid_from", web_admin.model_base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("valid_until", web_admin.model_base.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["hours_id"], ["hours.hours_id"], name=op.f("fk_grant_row_hours_id_hours")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.person_id"], name=op.f("fk_grant_row_person_id_person")
        ),
        sa.PrimaryKeyConstraint("grant_id", name=op.f("pk_grant_row")),
    )
    with op.batch_alter_table("grant_row", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_grant_row_person_id"), ["person_id"], unique=False)

    op.create_table(
        "invitation",
        sa.Column("invitation_id", sa.String(length=200), nullable=False),
        sa.Column("person_id", sa.String(length=200), nullable=False),
        sa.Column("code_digest", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("used_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.person_id"], name=op.f("fk_invitation_person_id_person")
        ),
        sa.PrimaryKeyConstraint("invitation_id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("code_digest", name=op.f("uq_invitation_code_digest")),
    )
    with op.batch_alter_table("invitation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_invitation_person_id"), ["person_id"], unique=False)

    op.create_table(
        "visitor_pass",
        sa.Column("pass_id", sa.String(length=200), nullable=False),
        sa.Column("site_id", sa.String(length=200), nullable=False),
        sa.Column("issuer_person_id", sa.String(length=200), nullable=True),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.Column("gate_numbers", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("valid_from", web_admin.model_base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("valid_until", web_admin.model_base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(length=400), nullable=False),
        sa.Column("created_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["issuer_person_id"], ["person.person_id"], name=op.f("fk_visitor_pass_issuer_person_id_person")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.site_id"], name=op.f("fk_visitor_pass_site_id_site")),
        sa.PrimaryKeyConstraint("pass_id", name=op.f("pk_visitor_pass")),
    )
    with op.batch_alter_table("visitor_pass", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_visitor_pass_issuer_person_id"), ["issuer_person_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_visitor_pass_site_id"), ["site_id"], unique=False)

    op.create_table(
        "account_role",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("role_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
            name=op.f("fk_account_role_account_id_account"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["role_id"], ["role.id"], name=op.f("fk_account_role_role_id_role")),
        sa.PrimaryKeyConstraint("account_id", "role_id", name=op.f("pk_account_role")),
    )
    op.create_table(
        "face_share",
        sa.Column("person_id", sa.String(length=200), nullable=False),
        sa.Column("gate_id", sa.String(length=200), nullable=False),
        sa.Column("consent_id", sa.String(length=200), nullable=False),
        sa.Column("share_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["consent_id"], ["consent.consent_id"], name=op.f("fk_face_share_consent_id_consent")
        ),
        sa.ForeignKeyConstraint(["gate_id"], ["gate.gate_id"], name=op.f("fk_face_share_gate_id_gate")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.person_id"], name=op.f("fk_face_share_person_id_person")
        ),
        sa.PrimaryKeyConstraint("person_id", "gate_id", name=op.f("pk_face_share")),
    )
    op.create_table(
        "receipt",
        sa.Column("consent_id", sa.String(length=200), nullable=False),
        sa.Column("gate_id", sa.String(length=200), nullable=False),
        sa.Column("receipt", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["consent_id"], ["consent.consent_id"], name=op.f("fk_receipt_consent_id_consent")
        ),
        sa.ForeignKeyConstraint(["gate_id"], ["gate.gate_id"], name=op.f("fk_receipt_gate_id_gate")),
        sa.PrimaryKeyConstraint("consent_id", "gate_id", name=op.f("pk_receipt")),
    )
    op.create_table(
        "form_once",
        sa.Column("token", sa.String(length=200), nullable=False),
        sa.Column("at", web_admin.model_base.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_form_once")),
    )


def downgrade() -> None:
    """Bring the tables back."""
    op.drop_table("form_once")
    op.drop_table("receipt")
    op.drop_table("face_share")
    op.drop_table("account_role")
    with op.batch_alter_table("visitor_pass", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_visitor_pass_site_id"))
        batch_op.drop_index(batch_op.f("ix_visitor_pass_issuer_person_id"))

    op.drop_table("visitor_pass")
    with op.batch_alter_table("invitation", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_invitation_person_id"))

    op.drop_table("invitation")
    with op.batch_alter_table("grant_row", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_grant_row_person_id"))

    op.drop_table("grant_row")
    with op.batch_alter_table("credential", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_credential_person_id"))
        batch_op.drop_index(batch_op.f("ix_credential_lookup"))

    op.drop_table("credential")
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_consent_person_id"))

    op.drop_table("consent")
    op.drop_table("account")
    op.drop_table("policy_record")
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_person_site_id"))
        batch_op.drop_index(batch_op.f("ix_person_home_id"))

    op.drop_table("person")
    op.drop_table("pair_attempt")
    with op.batch_alter_table("open_order", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_open_order_gate_id"))

    op.drop_table("open_order")
    with op.batch_alter_table("lane", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_lane_gate_id"))

    op.drop_table("lane")
    with op.batch_alter_table("gate_event", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_gate_event_person_id"))
        batch_op.drop_index(batch_op.f("ix_gate_event_kind"))
        batch_op.drop_index(batch_op.f("ix_gate_event_at"))

    op.drop_table("gate_event")
    op.drop_table("site_key")
    op.drop_table("hours")
    op.drop_table("home")
    op.drop_table("gate")
    op.drop_table("calendar_day")
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_entry_person_id"))
        batch_op.drop_index(batch_op.f("ix_audit_entry_at"))

    op.drop_table("audit_entry")
    with op.batch_alter_table("alarm", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_alarm_site_id"))

    op.drop_table("alarm")
    op.drop_table("site")
    op.drop_table("role")
    op.drop_table("notice")
