"""Events of gates, and their page."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from web_admin.journal.models import GateEvent


def add_events(compound, rows, count, **facts):
    def add(session):
        for seq in range(1000, 1000 + count):
            session.add(
                GateEvent(
                    journal_id="j",
                    gate_id="north",
                    seq=seq,
                    kind="access",
                    lane_id="north-in",
                    at=compound.clock() - timedelta(days=1, seconds=seq),
                    received_at=compound.clock(),
                    facts={"method": "card", "opens": True, "reason": "granted", "lane_id": "north-in"}
                    | facts,
                    personal={},
                    salt=b"s",
                    personal_digest=bytes(32),
                    previous=bytes(32),
                    digest=bytes(32),
                )
            )

    rows(add)


def local(moment):
    return moment.astimezone(ZoneInfo("Asia/Shanghai")).strftime("%Y-%m-%dT%H:%M")
