"""Passes and codes for visitors, and the public page behind a pass's link."""

from flask.testing import FlaskClient
from sqlalchemy import select

from tests.support.compounds.resident import Compound
from tests.web_admin.resident.pressing import press
from tests.web_admin.resident.visitors import weekly_pass
from web_admin.compound.models import CredentialRow
from web_admin.visitors.models import VisitorSeriesRow


def test_a_visitor_code_is_shown_once_and_can_be_taken_back(
    small_compound: Compound, phone: FlaskClient
) -> None:
    answer = press(phone, "/r/visitors/code", seen_on="/r/visitors", minutes="60", gate_number="1")
    digits = answer.text.partition("data-visitor-code>")[2][:9].replace(" ", "")
    typed = f"{digits[:4]} {digits[4:]}"
    message = f"at the gate North gate type home number 3-1203, then {typed}. It works once, until"
    assert message in answer.text.partition("data-share-link>")[2]
    assert f'aria-label="{" ".join(digits)}"' in answer.text
    assert len(digits) == 8
    assert digits.isdecimal()
    assert digits not in phone.get("/r/visitors").text.replace(" ", "")
    with small_compound.session() as session:
        row = session.scalars(select(CredentialRow).where(CredentialRow.kind == "visitor_code")).one()
    press(phone, f"/r/visitors/codes/{row.credential_id}/end", seen_on="/r/visitors", sure="1")
    with small_compound.session() as session:
        assert session.get_one(CredentialRow, row.credential_id).state == "ended"


def test_neither_page_nor_withdrawal_of_anothers_weekly_pass_is_reached(
    small_compound: Compound, phone: FlaskClient, neighbour: FlaskClient
) -> None:
    page = weekly_pass(phone).location
    assert neighbour.get(page).status_code == 404
    assert press(neighbour, f"{page}/withdraw").status_code == 404
    with small_compound.session() as session:
        assert session.scalars(select(VisitorSeriesRow)).one().withdrawn_at is None
