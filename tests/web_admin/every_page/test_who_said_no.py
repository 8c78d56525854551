"""Nothing that staff, other systems or the public read changes when a person says no to face (E11)."""

import re
from datetime import UTC, date, datetime

import msgspec
import pytest
from sqlalchemy import select

from tests.support.acting import by_phone, manager
from tests.support.compounds.managed import ROLES
from web_admin.accounts.permissions import PUBLIC, STAFF, access_of, may
from web_admin.compound.models import Site
from web_admin.core.database import current_menjin
from web_admin.face.actions import record_refusal
from web_admin.journal.models import AuditEntry, GateEvent
from web_admin.privacy.report import Words, build_report

RANDOM = re.compile(r'(?:value|data-csrf)="[\w.~-]{20,}"|[\w-]{100,}|[\d.]+ [GMk]?B|\(\d+ %\)')
"""Tokens of forms, sealed parts of addresses, new on every load, and how full this machine's disk is."""
SIGNING_IN = ("/staff/sign", "/staff/code", "/staff/auth", "/staff/join", "/staff/again", "/r/")
"""Pages on the way in or out: to read them would end the sign-in that the others need."""
HERE = {"person_id": "王芳", "gate_id": "north", "lane_id": "north-in", "language": "zh"}


@pytest.fixture
def compound_begins(now):
    return now


def pages(compound, role):
    """Return the addresses of every page that a role may read and whose parts the test can fill in."""
    known = HERE | {"person_id": compound.persons["王芳"]}
    found = []
    for rule in compound.app.url_map.iter_rules():
        access, action = access_of(compound.app, rule.endpoint) or ("", "")
        if rule.endpoint == "live.stream":  # it has no end that a test could wait for, and holds no name
            continue
        if rule.endpoint in ("bulk.preview", "bulk.act"):  # read without a form they lead to the list
            continue
        mine = access == PUBLIC or (access == STAFF and action and may(action, [role]))
        if mine and "GET" in rule.methods and rule.arguments <= known.keys():
            values = {name: known[name] for name in rule.arguments}
            found.append(rule.build(values)[1])
    return sorted(path for path in found if not path.startswith(SIGNING_IN))


def read(client, paths):
    answers = {path: client.get(path) for path in paths}
    staffs = [answer.status_code for path, answer in answers.items() if path.startswith("/manage")]
    # Still signed in; a compound without a logo answers 404.
    assert set(staffs) <= {200, 404}
    assert staffs.count(200) >= 5
    return {path: RANDOM.sub("", answer.text) for path, answer in answers.items()}


def say_no(compound):
    with compound.app.app_context():
        menjin = current_menjin()
        with menjin.database.session() as session:
            act = manager(session, menjin.sealer, compound.site_id, compound.clock())
            person_id = compound.persons["王芳"]
            record_refusal(by_phone(act, person_id), person_id, 1, "zh")
            kinds = session.scalars(select(AuditEntry.kind).where(AuditEntry.person_id == person_id))
            assert "face_refused" in kinds.all()


@pytest.mark.wide
@pytest.mark.parametrize("role", ROLES)
def test_no_page_of_staff_or_the_public_shows_who_said_no(compound, role):
    client = compound.signed_in(role)
    paths = pages(compound, role)
    read(client, paths)  # what is made on first sight is made now
    before = read(client, paths)
    say_no(compound)
    after = read(client, paths)
    assert [path for path in paths if before[path] != after[path]] == []
    assert len(paths) > 8


@pytest.mark.wide
def test_no_report_shows_that_a_person_said_no(compound, web_config):
    def report():
        with compound.app.app_context(), current_menjin().database.session() as session:
            site = session.scalars(select(Site)).one()
            period = (date(2026, 1, 1), date(2026, 6, 30))
            later = datetime(2026, 7, 2, tzinfo=UTC)
            return msgspec.json.encode(
                build_report(session, site, period, Words("", "", ""), web_config, later)
            )

    before = report()
    say_no(compound)
    assert report() == before


def test_no_event_of_a_gate_carries_a_no(compound):
    with compound.app.app_context(), current_menjin().database.session() as session:
        before = session.scalars(select(GateEvent.kind)).all()
    say_no(compound)
    with compound.app.app_context(), current_menjin().database.session() as session:
        assert session.scalars(select(GateEvent.kind)).all() == before
