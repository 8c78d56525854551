"""Text that is markup in every column that holds text, but for the words that only the server writes."""

from sqlalchemy import JSON, Column, String, Table, select, update
from sqlalchemy.orm import Session

from web_admin.compound.models import Gate, Site
from web_admin.messages.models import MailServer
from web_admin.settings.models import SiteLook
from web_admin.tables import METADATA

ODD = """javascript:odd onodd="1" '"><b onodd="2">&</b>"""
"""Markup in a text, in an attribute with and without quotes, and as a link."""

IDS = ("_id", "digest", "_sealed", "signature", "fs_uniquifier", "password")
SERVERS_WORDS = (
    "channel",
    "direction",
    "language",
    "posture",
    "purpose",
    "role",
    "stage",
    "state",
    "timezone",
)
KEPT = frozenset(
    {
        "access_review_round.body",
        "access_review_row.kind",
        "account.tf_primary_method",
        "account.tf_totp_secret",
        "assessment.conclusion",
        "assessment.residual_risk",
        "calendar_day.kind",
        "credential.kind",
        "home.sort_key",
        "home_call.end",
        "hours.spans",
        "lane.antipassback",
        "lane.method_hours",
        "lane.methods",
        "lane.posture_hours",
        "lane.schedule_authors",
        "lane_sheet.draft",
        "lane_sheet.live",
        "long_job.kind",
        "long_job.result",
        "person.kind",
        "person.methods",
        "person.phone_unproven",
        "place.kind",
        "print_run.kind",
        "public_report.body",
        "restore_review.kind",
        "rights_request.kind",
        "role.name",
        "server_mark.note",
        "site_look.accent",
        "site_look.logo_svg",
        "site_look.plan_svg",
        "visitor_pass.text",
    }
)
"""Columns of the server's own words, whose pages end where they find another."""


def put_odd_names(session: Session) -> set[str]:
    """Make every text odd, in lists and objects too; return the columns that had none."""
    site_id = session.scalars(select(Site.site_id).limit(1)).one()
    session.add(SiteLook(site_id=site_id))
    session.add(MailServer(site_id=site_id, host="", port=25, security="tls", sender=""))
    for gate in session.scalars(select(Gate)):
        gate.device_states = [{"device": ODD, "kind": ODD, "health": ODD, "detail": ODD}]
    session.scalars(select(Gate).where(Gate.state == "new").limit(1)).one().state = ODD
    session.flush()
    left = set()
    for table in METADATA.sorted_tables:
        columns = [column for column in table.columns if _is_free(table, column)]
        changed: set[str] = set()
        for number, row in enumerate(session.execute(select(table)).mappings().all()):
            values = {column.name: _value(column, row[column.name]) for column in columns}
            odd = {name: _odd(value, number) for name, value in values.items() if value}
            changed |= odd.keys()
            whose = [key == row[key.name] for key in table.primary_key.columns]
            if odd:
                session.execute(update(table).where(*whose).values(**odd))
        left |= {f"{table.name}.{column.name}" for column in columns if column.name not in changed}
    return left


def _is_free(table: Table, column: Column[object]) -> bool:
    return (
        isinstance(column.type, String | JSON)
        and not column.primary_key
        and not column.foreign_keys
        and not column.name.endswith((*IDS, *SERVERS_WORDS))
        and f"{table.name}.{column.name}" not in KEPT
    )


def _value(column: Column[object], value: object) -> object:
    return "-" if isinstance(column.type, String) and not value else value


def _odd(value: object, number: int) -> object:
    if isinstance(value, str):
        return f"{ODD}{number}"
    if isinstance(value, list):
        return [_odd(part, number) for part in value]
    return {name: _odd(part, number) for name, part in value.items()} if isinstance(value, dict) else value
