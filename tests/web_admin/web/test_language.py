"""In which language a request is answered."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from flask import render_template_string
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_ngettext as _ln
from markupsafe import Markup, escape
from sqlalchemy import text

from gate_controller.contract.lane_sheet import Finding
from gate_controller.contract.languages import Language
from gate_controller.contract.messages import EVENTS_PATH
from tests.support.clock import SetClock
from tests.support.compounds.managed import ManagedCompound, make_managed_compound
from web_admin.core.config import WebConfig
from web_admin.core.database import current_menjin
from web_admin.gates.sheet_texts import finding_text
from web_admin.web.language import choose_language


def test_a_gates_request_reads_the_sites_language_beside_its_own_transaction(web_config: WebConfig) -> None:
    """A refusal is put into words while the gate's request holds the write lock of SQLite."""
    compound = make_managed_compound(web_config, SetClock(datetime.now(UTC)))
    with compound.app.test_request_context(EVENTS_PATH, method="POST"):
        with current_menjin().database.session() as session:
            session.execute(text("UPDATE site SET language = 'zh'"))
        with current_menjin().database.session() as session:
            session.execute(text("UPDATE site SET name = name"))
            assert choose_language() == "zh"
    compound.close()


@pytest.fixture
def chinese_compound(web_config: WebConfig) -> Iterator[ManagedCompound]:
    """Give a compound whose own language is Chinese."""
    compound = make_managed_compound(web_config, SetClock(datetime.now(UTC)))
    with compound.app.app_context(), current_menjin().database.session() as session:
        session.execute(text("UPDATE site SET language = 'zh'"))
    yield compound
    compound.close()


@pytest.mark.parametrize(
    ("listed", "answered"),
    [
        ("fr-FR, fr;q=0.9", "en"),
        ("fr, *;q=0.5", "en"),
        ("fr, en;q=0.5, zh;q=0", "en"),
        ("ja, zh-TW;q=0.3", "zh"),
        ("zh-CN, zh;q=0.9, en;q=0.8", "zh"),
        ("en-GB, en;q=0.9, zh;q=0.8", "en"),
        ("en;q=0.5, yue-Hant-HK", "zh"),
        ("", "zh"),
    ],
)
def test_a_stranger_reads_chinese_only_if_the_browser_lists_it_first(
    chinese_compound: ManagedCompound, listed: str, answered: str
) -> None:
    page = chinese_compound.app.test_client().get("/", headers={"Accept-Language": listed}).text
    assert f'<html lang="{Language(answered).html_tag}">' in page


@pytest.mark.wide
def test_staff_keep_the_language_that_they_chose_in_a_browser_of_another(
    chinese_compound: ManagedCompound,
) -> None:
    staff = chinese_compound.signed_in(language="zh")
    assert '<html lang="zh-Hans">' in staff.get("/manage/now/", headers={"Accept-Language": "fr"}).text


def test_templates_escape_the_values_in_a_lazy_text_and_not_its_sentence(chinese_compound) -> None:
    finding = Finding("accessible_lacks_ways", must=True, values={"methods": "<b>"})
    lazy = {
        "Row of &lt;b&gt;&#39; isn't 1": _l("Row of %(x)s isn't %(n)d", x="<b>'", n=1),
        "&lt;b&gt;": _l("%(x)s", x=_l("%(y)s", y="<b>")),
        "<b>": _l("%(x)s", x=Markup("<b>")),
        "2 &lt;b&gt;": _ln("%(num)d %(x)s", "%(num)d %(x)s", 2, x="<b>"),
        escape(str(finding_text(finding))): finding_text(finding),
    }
    with chinese_compound.app.test_request_context(headers={"Accept-Language": "en"}):
        for html, value in lazy.items():
            shown = render_template_string(
                "{{ lazy }}|{{ _('%(y)s', y=lazy) }}|{{ [lazy]|join }}", lazy=value
            )
            assert shown.split("|") == [html] * 3
