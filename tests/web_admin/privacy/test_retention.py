"""How long names are kept, as the page and the register say it, against what the clocks really do."""

import json
import re
from datetime import timedelta

from flask.testing import FlaskClient
from sqlalchemy import select

from tests.support.clock import SetClock
from tests.support.compounds.resident import Compound
from web_admin.core.database import current_menjin
from web_admin.journal.models import AuditEntry
from web_admin.privacy.retention import STEPS
from web_admin.visitors.actions import issue_pass
from web_admin.visitors.models import VisitorPassRow

LABEL = "the piano teacher"


def places_of(compound: Compound, name: str) -> set[str]:
    """Return which of the two places have a name after retention has run now."""
    with compound.app.app_context():
        for step in STEPS.values():
            step(current_menjin(), compound.clock())
    with compound.session() as session:
        ledger = json.dumps([*session.scalars(select(AuditEntry.personal))], ensure_ascii=False)
        passes = json.dumps([*session.scalars(select(VisitorPassRow.label))])
    return {place for place, text in (("ledger", ledger), ("passes", passes)) if name in text}


def test_page_and_register_name_the_days_after_which_the_ledger_really_loses_a_name(
    small_compound: Compound, phone: FlaskClient, clock: SetClock
) -> None:
    begun = clock.now
    with small_compound.act("phone", small_compound.person_id) as act:
        issue_pass(
            act,
            issuer_person_id=small_compound.person_id,
            label=LABEL,
            gate_numbers=[1],
            valid_from=begun,
            valid_until=begun + timedelta(hours=1),
            uses=1,
        )
    kept = {}
    for days in (29, 31, 179, 181):
        clock.now = begun + timedelta(days=days)
        kept[days] = places_of(small_compound, LABEL)
    assert kept == {29: {"ledger", "passes"}, 31: {"ledger"}, 179: {"ledger"}, 181: set()}
    page = phone.get("/r/records/delete").text
    said = re.findall(r"<li>.*?(?:Past visitors|Your name, home).*?</li>", page)
    named = [re.findall(r"\d+(?= days)", line) for line in said]
    assert named == [["30", "180"], ["30", "180"]], "the page leaves days out"
    activities = phone.get("/privacy/register.json").get_json()["activities"]
    register = {one["purpose"]: one["retention"] for one in activities}
    for purpose in ("entry", "visitors"):
        assert "180 days" in register[purpose], register[purpose]
