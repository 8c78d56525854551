"""Forms that choose gates, sent with their defaults in a compound of 3 and of 300 gates: none is refused."""

from html.parser import HTMLParser

import pytest
from sqlalchemy import select

from tests.support.compounds.many_gates import add_stairwells
from web_admin.compound.models import Site
from web_admin.core.database import current_menjin
from web_admin.visitors.models import VisitorPassRow, VisitorSeriesRow

OFFICE = {
    "/manage/visitors/new": {"label": "Lift service"},
    "/manage/visitors/weekly/new": {"label": "Gardener", "days": ["mon"]},
}


class Form(HTMLParser):
    """What a browser would send of the form that this field is in, as it was served."""

    def __init__(self, page: str, field: str) -> None:
        super().__init__()
        self.forms: list[dict[str, list[str]]] = []
        self._select = ""
        self.feed(page)
        self.fields = next(fields for fields in self.forms if field in fields)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        name = given.get("name")
        if tag == "form":
            self.forms.append({})
        elif tag == "select":
            self._select = name or ""
        elif tag == "option" and self._select and self.forms:
            chosen = self.forms[-1].setdefault(self._select, [given.get("value", "")])
            if "selected" in given:
                chosen[:] = [given.get("value", "")]
        elif tag == "input" and name and self.forms:
            ticked = given.get("type") not in ("checkbox", "radio") or "checked" in given
            self.forms[-1].setdefault(name, []).extend([given.get("value") or ""] if ticked else [])


@pytest.fixture(params=(3, 300), ids="{}_gates".format)
def many(request, compound):
    with compound.app.app_context(), current_menjin().database.session() as session:
        site = session.scalars(select(Site)).one()
        add_stairwells(session, current_menjin().sealer, site, compound.clock(), request.param - 3)
    return compound


@pytest.mark.parametrize("path", OFFICE)
def test_the_offices_passes_are_made_with_their_defaults(many, path):
    client = many.signed_in("manager")
    fields = Form(client.get(path).text, "label").fields
    answer = client.post(path, data={**fields, **OFFICE[path]})
    assert answer.status_code == 303, answer.text
    with many.app.app_context(), current_menjin().database.session() as session:
        kind = VisitorSeriesRow if "weekly" in path else VisitorPassRow
        made = session.scalars(select(kind).where(kind.label == OFFICE[path]["label"])).one()
        assert made.gate_set == "way"
        assert all(number < 100 or number >= 32768 for number in made.gate_numbers), "no stairwell"
