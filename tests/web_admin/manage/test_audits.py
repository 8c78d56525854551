"""From the page to the closed audit and its file."""

from datetime import timedelta

import pytest

from tests.web_admin.manage.forms import send
from web_admin.compound.models import Site
from web_admin.privacy.texts import MINORS_FIGURES

DAY = timedelta(days=1)


@pytest.fixture
def compound_begins(now):
    return now


@pytest.fixture
def older_compound(compound):
    with compound.act() as act:
        act.session.get_one(Site, act.site_id).created_at = compound.clock() - 200 * DAY
    return compound


def test_from_the_page_to_the_closed_audit_and_its_file(older_compound):
    client = older_compound.signed_in("privacy_officer")
    assert "The first one is due by" in client.get("/manage/audits/").text
    assert "official guideline" in client.get("/manage/audits/new").text
    said = {"auditor": "审计机构", "is_independent": "y", "scope": "告知"}
    path = send(client, "/manage/audits/new", **said).headers["Location"]
    refused = send(client, path, findings="", fixes="", close="1")
    assert (refused.status_code, "Say what was found" in refused.text) == (422, True)
    file = client.get(f"{path}.json")
    assert file.json["minors"].keys() == MINORS_FIGURES.keys()
    assert "attachment" in file.headers["Content-Disposition"]
    assert send(client, path, findings="缺一块标识", fixes="当天补上", close="1").status_code == 303
    page = client.get(path).text
    assert "缺一块标识" in page
    assert '<form class="card-box"' not in page, "a closed audit stays as it is"
