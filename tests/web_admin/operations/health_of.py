"""How well a server and its gates are."""

from datetime import UTC, datetime, timedelta

from web_admin.compound.models import Gate
from web_admin.operations.health import ServerFacts
from web_admin.privacy.audits import AuditDue

NOW = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)
WELL = ServerFacts(
    disk_free=60,
    disk_total=100,
    database_bytes=1,
    backup_at=NOW - DAY,
    housekeeping_at=NOW,
    housekeeping_failed="",
    outbox_waiting=0,
    outbox_since=None,
    outbox_failed=0,
    newest_entry_at=NOW - DAY,
    clock_synchronised=True,
    https=True,
    certificate_note="",
    certificate_until=NOW + 60 * DAY,
    key_waits_since=None,
    review_due_at=NOW + DAY,
    audit=AuditDue(NOW + 100 * DAY, is_task=False, is_late=False, minors=False),
    site_since=NOW - DAY,
)


def well_gate(**changes):
    gate = Gate(
        gate_id="north",
        site_id="s",
        number=1,
        name="North",
        state="paired",
        clock_sure=True,
        last_seen_at=NOW - timedelta(seconds=3),
        published_version=7,
        have_version=7,
        acknowledged_seq=50,
        told_seq=50,
        clock_behind_seconds=0.2,
        device_states=[{"device": "reader", "health": "ok"}],
    )
    for name, value in changes.items():
        setattr(gate, name, value)
    return gate
