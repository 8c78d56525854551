"""Passes for visitors, made on a phone."""

from urllib.parse import urlsplit

from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.support.compounds.resident import Compound
from tests.web_admin.resident.pressing import press
from web_admin.visitors.models import VisitorPassRow


def make_pass(phone: FlaskClient, **fields: str) -> str:
    chosen = {"label": "Aunt Li", "gate_numbers": "all", "uses": "many", "when": "day", **fields}
    answer = press(phone, "/r/visitors", seen_on="/r/visitors", **chosen)
    assert answer.status_code == 303, answer.text
    return answer.location


def link_of(phone: FlaskClient, page: str) -> str:
    whole = phone.get(page).text.partition('id="link" readonly value="')[2].partition('"')[0]
    return urlsplit(whole).path


def only_pass(compound: Compound) -> VisitorPassRow:
    with compound.session() as session:
        return session.scalars(select(VisitorPassRow)).one()


# -- links, pictures, weekly -----------------------------------------------------------------------


def weekly_pass(phone: FlaskClient, **changes: str) -> TestResponse:
    fields = {
        "label": "Piano teacher",
        "gate_numbers": "1",
        "uses": "weekly",
        "days": "thu",
        "starts_at": "09:00",
        "ends_at": "12:00",
        "last_day": "2026-04-30",
        **changes,
    }
    return press(phone, "/r/visitors", seen_on="/r/visitors", **fields)
