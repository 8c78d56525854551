"""Keep why and until when something is suspended, and give what is suspended already a reason of the list.

Whole people were suspended for a reason in free words: those become "other" and end in seven days, as do
cards that another system suspended. A card that its owner, their home or staff suspended keeps what their
button said.
"""

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
TEXT = sa.String(length=200)
OTHER_LASTS = timedelta(days=7)
REASON_OF_PARTY = {"owner": "asked", "home": "home", "guard": "lost", "office": "lost"}
PARTIES = tuple(REASON_OF_PARTY)

SUSPENSION = sa.table(
    "suspension",
    *(
        sa.column(name, kind)
        for name, kind in (
            ("suspension_id", TEXT),
            ("site_id", TEXT),
            ("person_id", TEXT),
            ("credential_id", TEXT),
            ("reason", TEXT),
            ("reference", TEXT),
            ("party", TEXT),
            ("given_by", TEXT),
            ("given_at", INSTANT),
            ("until", INSTANT),
            ("began_at", INSTANT),
        )
    ),
)


def upgrade() -> None:
    """Bring the tables up to this revision."""
    _make_table()
    now = _now()
    held = _held()
    rows = [*_of_people(now, held), *_of_credentials(now, held)]
    if rows:
        op.bulk_insert(SUSPENSION, rows)


def _make_table() -> None:
    op.create_table(
        "suspension",
        sa.Column("suspension_id", TEXT, nullable=False),
        sa.Column("site_id", TEXT, nullable=False),
        sa.Column("person_id", TEXT, nullable=False),
        sa.Column("credential_id", TEXT, nullable=True),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("reference", TEXT, nullable=True),
        sa.Column("party", TEXT, nullable=False),
        sa.Column("given_by", TEXT, nullable=False),
        sa.Column("given_at", INSTANT, nullable=False),
        sa.Column("until", INSTANT, nullable=True),
        sa.Column("confirmed_by", TEXT, nullable=True),
        sa.Column("began_at", INSTANT, nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["site.site_id"], name="fk_suspension_site_id_site"),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name="fk_suspension_person_id_person"),
        sa.ForeignKeyConstraint(
            ["credential_id"], ["credential.credential_id"], name="fk_suspension_credential_id_credential"
        ),
        sa.PrimaryKeyConstraint("suspension_id", name="pk_suspension"),
    )
    op.create_index("ix_suspension_open", "suspension", ["site_id", "ended_at"])
    op.create_index("ix_suspension_person_id", "suspension", ["person_id"])
    op.create_index("ix_suspension_credential_id", "suspension", ["credential_id"])


def _now() -> datetime:
    """Return the database's own time: a step of the tables has no other clock."""
    moment: datetime = op.get_bind().scalars(sa.select(sa.func.now())).one()
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _held() -> set[tuple[str, str]]:
    """Return what a restore holds back undecided, as (kind, id)."""
    review = sa.table(
        "restore_review",
        sa.column("kind", TEXT),
        sa.column("subject_id", TEXT),
        sa.column("decided_at", INSTANT),
    )
    undecided = sa.select(review.c.kind, review.c.subject_id).where(review.c.decided_at.is_(None))
    return {(kind, subject_id) for kind, subject_id in op.get_bind().execute(undecided)}


def _of_people(now: datetime, held: set[tuple[str, str]]) -> Iterator[dict[str, Any]]:
    person = sa.table(
        "person",
        sa.column("person_id", TEXT),
        sa.column("site_id", TEXT),
        sa.column("suspended", sa.Boolean),
        sa.column("ended_at", INSTANT),
    )
    ledger = sa.table(
        "audit_entry",
        sa.column("seq", sa.Integer),
        sa.column("kind", TEXT),
        sa.column("at", INSTANT),
        sa.column("person_id", TEXT),
        sa.column("facts", sa.JSON),
        sa.column("personal", sa.JSON),
    )
    suspended = sa.select(person.c.person_id, person.c.site_id).where(
        person.c.suspended.is_(True), person.c.ended_at.is_(None)
    )
    entries = (
        sa.select(ledger.c.person_id, ledger.c.at, ledger.c.facts, ledger.c.personal)
        .where(ledger.c.kind == "person_suspended")
        .order_by(ledger.c.seq)
    )
    connection = op.get_bind()
    last = {row.person_id: row for row in connection.execute(entries)}
    for person_id, site_id in connection.execute(suspended).all():
        if ("person", person_id) in held:
            continue  # it has no row: the list of what a restore held back has it
        entry = last.get(person_id)
        words = str((entry.personal or {}).get("reason") or "")[:120] if entry is not None else ""
        yield {
            "suspension_id": _new_id(),
            "site_id": site_id,
            "person_id": person_id,
            "credential_id": None,
            "reason": "other",
            "reference": words or None,
            "party": "office",
            "given_by": str(entry.facts.get("actor_id", "")) if entry is not None else "",
            "given_at": entry.at if entry is not None else now,
            "until": now + OTHER_LASTS,
            "began_at": entry.at if entry is not None else now,
        }


def _of_credentials(now: datetime, held: set[tuple[str, str]]) -> Iterator[dict[str, Any]]:
    person = sa.table("person", sa.column("person_id", TEXT), sa.column("site_id", TEXT))
    credential = sa.table(
        "credential",
        sa.column("credential_id", TEXT),
        sa.column("person_id", TEXT),
        sa.column("state", TEXT),
        sa.column("suspended_by", TEXT),
        sa.column("duress", sa.Boolean),
    )
    suspended = (
        sa.select(
            credential.c.credential_id, credential.c.person_id, credential.c.suspended_by, person.c.site_id
        )
        .join(person, person.c.person_id == credential.c.person_id)
        .where(credential.c.state == "suspended", credential.c.duress.is_(False))
    )
    connection = op.get_bind()
    by_system = _suspended_by_systems()
    for credential_id, person_id, suspended_by, site_id in connection.execute(suspended).all():
        if ("credential", credential_id) in held:
            continue
        for party in [one for one in PARTIES if one in suspended_by.split()] or ["office"]:
            is_systems = party == "office" and credential_id in by_system
            yield {
                "suspension_id": _new_id(),
                "site_id": site_id,
                "person_id": person_id,
                "credential_id": credential_id,
                "reason": "other" if is_systems else REASON_OF_PARTY[party],
                "reference": None,
                "party": party,
                "given_by": by_system.get(credential_id, "") if is_systems else "",
                "given_at": now,
                "until": now + OTHER_LASTS if is_systems else None,
                "began_at": now,
            }


def _suspended_by_systems() -> dict[str, str]:
    """Return whose key suspended a card last, by card, as the ledger has it."""
    ledger = sa.table(
        "audit_entry", sa.column("seq", sa.Integer), sa.column("kind", TEXT), sa.column("facts", sa.JSON)
    )
    entries = sa.select(ledger.c.facts).where(ledger.c.kind == "credential_suspended").order_by(ledger.c.seq)
    found: dict[str, str] = {}
    for facts in op.get_bind().scalars(entries):
        card = str(facts.get("credential_id", ""))
        found.pop(card, None)
        if facts.get("channel") == "api":
            found[card] = str(facts.get("actor_id", ""))
    return found


def _new_id() -> str:
    return secrets.token_hex(8)
