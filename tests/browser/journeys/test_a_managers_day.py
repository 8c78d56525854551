"""What a manager does in a day, each action seen at a real gate or by the person it is about."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import requests
from playwright.sync_api import Browser, expect

from gate_controller.contract.calendars import WEEKDAYS
from gate_controller.rules.decision import Reason
from tests.browser.journeys.pockets import OFFICE, Pocket
from tests.browser.journeys.real_gate import Newcomer, RealGate
from tests.browser.resident_screen import Served

pytestmark = [pytest.mark.browser, pytest.mark.slow]

GRANTED = {"en": "Granted: the rules allow it.", "zh": "放行：符合规则。"}
WHY = {"zh": "快递员在门口，已核实", "en": "Courier at the gate, checked by name"}
on_every_table = pytest.mark.parametrize("pocket", OFFICE, ids=str)


@on_every_table
def test_a_lane_is_opened_once_and_shut_for_a_while(
    browser: Browser,
    served: Served,
    gate: RealGate,
    newcomer: Newcomer,
    hire: Callable[[str], str],
    pocket: Pocket,
) -> None:
    with pocket.opened(browser) as office:
        office.works_as(served, hire("manager"))
        office.goes(f"{served.address}/manage/lanes/north-in")
        office.page.locator("form[action$='/open'] #reason").fill(WHY[pocket.language])
        gate.is_ordered_to_open(lambda: office.presses("form[action$='/open'] button"))
        office.goes(f"{served.address}/manage/lockdown")
        office.page.locator("#reason").fill(WHY[pocket.language])
        office.presses("main form .btn-bad")
        assert gate.refuses(lambda: gate.bench.card.tap(newcomer.card)) == Reason.LANE_LOCKDOWN
        office.goes(f"{served.address}/manage/")
        office.presses("form[action$='/lockdown/end'] button")
        gate.opens(lambda: gate.bench.card.tap(newcomer.card))


@on_every_table
def test_hours_shut_a_way_in_and_the_page_of_why_says_so(
    browser: Browser,
    served: Served,
    gate: RealGate,
    newcomer: Newcomer,
    hire: Callable[[str], str],
    pocket: Pocket,
) -> None:
    another_day = WEEKDAYS[(datetime.now(ZoneInfo("Asia/Shanghai")) + timedelta(days=3)).weekday()]
    name = f"{another_day} {pocket}"
    with pocket.opened(browser) as office:
        office.works_as(served, hire("manager"))
        office.goes(f"{served.address}/manage/hours/new")
        office.page.locator("#name").fill(name)
        office.page.locator(f"[name=span1-days][value={another_day}]").check(force=True)
        office.page.locator("#span1-start").fill("10:00")
        office.page.locator("#span1-end").fill("12:00")
        office.presses("main form .btn-accent")
        office.goes(f"{served.address}/manage/gates/north/lanes/north-in")
        office.page.locator("#hours_card").select_option(label=name)
        office.presses("main form .btn-accent")
        # Where face is offered, the card is too, at all hours: what was chosen stays, and the why beside it.
        expect(office.page.locator("#methods-wrong-1")).to_be_visible()
        expect(office.page.locator("#hours_card option:checked")).to_have_text(name)
        office.page.locator("[name=methods][value=face]").uncheck(force=True)
        office.presses("main form .btn-accent")
        office.presses("[data-act-preview] .btn-bad")
        assert gate.refuses(lambda: gate.bench.card.tap(newcomer.card)) == Reason.METHOD_NOT_OFFERED
        office.goes(f"{served.address}/manage/try?q={newcomer.home_number}")
        office.page.locator("#reason").fill(WHY[pocket.language])
        office.presses("form[method=post] .btn-accent")
        expect(office.page.locator(".answer.bad")).to_contain_text(Reason.METHOD_NOT_OFFERED)
        office.goes(f"{served.address}/manage/gates/north/lanes/north-in")
        office.page.locator("#hours_card").select_option(index=0)
        office.page.locator("[name=methods][value=face]").check(force=True)
        office.presses("main form .btn-accent")
        gate.opens(lambda: gate.bench.card.tap(newcomer.card))


@on_every_table
def test_a_named_look_needs_a_reason_which_the_person_reads_and_an_export_of_events_has_no_names(
    browser: Browser,
    served: Served,
    gate: RealGate,
    newcomer: Newcomer,
    hire: Callable[[str], str],
    pocket: Pocket,
) -> None:
    with pocket.opened(browser) as office, pocket.opened(browser) as phone:
        phone.enters(served, served.compound.invitation(newcomer.person_id))
        phone.is_trusted(served, lambda: gate.opens(lambda: gate.bench.card.tap(newcomer.card)))
        office.works_as(served, hire("manager"))
        office.goes(f"{served.address}/manage/events/person/{newcomer.person_id}")
        expect(office.page.locator("main table")).to_have_count(0)
        office.page.locator("#reason").fill(WHY[pocket.language])
        office.presses("main form .btn-accent")
        expect(office.page.locator("main table tbody tr")).to_have_count(1)
        phone.goes(f"{served.address}/r/records")
        expect(phone.page.get_by_text(WHY[pocket.language])).to_be_visible()
        office.goes(f"{served.address}/manage/events/")
        office.page.locator("details.opens:has([data-file]) summary").click()
        office.page.locator("#why").fill(WHY[pocket.language])
        with office.page.expect_download() as download:
            office.page.locator("form[action*='/export'] button").click()
        sheet = download.value.path().read_text(encoding="utf-8-sig")
        assert GRANTED[pocket.language] in sheet
        assert [
            word for word in (newcomer.person_id, "Newcomer", newcomer.home_number) if word in sheet
        ] == []


@on_every_table
def test_another_systems_key_is_shown_once_works_and_ends(
    browser: Browser, served: Served, hire: Callable[[str], str], pocket: Pocket
) -> None:
    with pocket.opened(browser) as office:
        office.works_as(served, hire("manager"))
        office.goes(f"{served.address}/manage/keys/new")
        name = f"Property software {pocket}"
        office.page.locator("#name").fill(name)
        office.page.locator("[name=scopes][value='people:read']").check(force=True)
        office.presses("main form .btn-accent")
        key = office.page.locator("#key").input_value()

        def asked() -> int:
            answer = requests.get(
                f"{served.address}/api/v1/people", headers={"Authorization": f"Bearer {key}"}, timeout=30
            )
            return answer.status_code

        assert asked() == requests.codes.ok
        office.goes(f"{served.address}/manage/keys/")
        assert key not in office.page.content()
        ours = office.page.locator("li", has_text=name).locator("form[action$='/end'] button")
        with office.page.expect_navigation():
            ours.click()
        assert asked() == requests.codes.unauthorized


@on_every_table
def test_a_weekly_visitor_comes_in_until_the_pass_is_withdrawn(
    browser: Browser, served: Served, gate: RealGate, newcomer: Newcomer, pocket: Pocket
) -> None:
    today = WEEKDAYS[datetime.now(UTC).astimezone(ZoneInfo("Asia/Shanghai")).weekday()]
    with pocket.opened(browser) as hands, pocket.opened(browser) as visitor:
        hands.enters(served, served.compound.invitation(newcomer.person_id))
        hands.goes(f"{served.address}/r/visitors")
        hands.page.locator("#label").fill({"zh": "钢琴老师", "en": "Piano teacher"}[pocket.language])
        hands.page.locator("[name=uses][value=weekly]").check(force=True)
        hands.page.locator(f"[name=days][value={today}]").check(force=True)
        hands.page.locator("#starts_at").fill("00:00")
        hands.page.locator("#ends_at").fill("23:59")
        hands.presses("form.new-pass button[type=submit]")
        visitor.goes(hands.page.locator("#link").input_value())
        gate.opens(lambda: gate.bench.scanner.scan(visitor.reads("main .code-frame")))
        in_mind = visitor.reads("main .code-frame")
        hands.presses("form[action$='/withdraw'] button")
        hands.presses("[data-ask-first] button")
        assert gate.refuses(lambda: gate.bench.scanner.scan(in_mind)) == Reason.PASS_WITHDRAWN
        visitor.page.reload()
        expect(visitor.page.locator("main .no-code")).to_be_visible()
