"""The demo's bench page in a real browser: it fits, can be read, and its switches show their state."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from demo.bench.page import BenchPage
from demo.bench.texts import TEXTS
from demo.stage import Stage
from hardware.telephones.control import Control
from tests.browser.axe import needs_axe
from tests.browser.office_screen import SIZES, look
from tests.support.gates.metal import metal_alone

pytestmark = [pytest.mark.browser, pytest.mark.wide]


@pytest.fixture
def stage(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Stage]:
    with metal_alone(tmp_path, workbench=request.param) as stage:
        yield stage


@pytest.fixture
def bench(stage: Stage) -> Iterator[BenchPage]:
    page = BenchPage(stage)
    yield page
    page.close()


@needs_axe
@pytest.mark.parametrize(
    ("size", "language", "scheme", "stage"),
    [
        ("phone", "zh", "light", False),
        ("phone", "en", "dark", True),
        ("desktop", "en", "light", False),
        ("desktop", "zh", "dark", True),
    ],
    indirect=["stage"],
)
def test_the_bench_page_fits_and_its_switches_show_how_they_stand(
    browser: Browser, bench: BenchPage, stage: Stage, size: str, language: str, scheme: str
) -> None:
    context = browser.new_context(viewport=SIZES[size], color_scheme=scheme)
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda m: problems.append(m.text) if "Content Security Policy" in m.text else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(f"{bench.address}street?language={language}")
    lane, text = page.locator('[data-lane="south-in"]'), TEXTS[language]
    switch = lane.get_by_role("button", name=text["on_battery"])
    expect(switch).to_have_attribute("aria-pressed", "false")
    switch.click()
    expect(switch).to_have_attribute("aria-pressed", "true")
    lane.get_by_role("button", name=text["osdp_case"]).click()
    expect(lane.get_by_role("button", name=text["osdp_case"])).to_have_attribute("aria-pressed", "true")
    page.locator('[data-gate="south"] summary').click()
    cable = page.locator('[data-wire="south-in-card"]')
    cable.get_by_role("button", name=text["unplug"]).click()
    cable.get_by_role("button", name=text["renamed"]).click()
    expect(cable.get_by_role("button", name=text["unplug"])).to_be_visible()
    for gate_id in {"workbench"} & set(stage.gates):
        hat = page.locator('[data-lane="bench-hat"]')
        hat.get_by_role("button", name=text["door_open"]).click()
        expect(hat.get_by_role("button", name=text["door_open"])).to_have_attribute("aria-pressed", "true")
        assert not stage.gates[gate_id].metal.chip.is_high(1)
    problems += look(page, f"bench-{language}-{size}-{scheme}")
    context.close()
    assert stage.gates["south"].metal.osdp["south-in"].is_open
    assert problems == []


@pytest.mark.parametrize("stage", [False], indirect=True)
def test_a_telephone_that_rings_is_answered_and_its_keys_are_pressed(
    browser: Browser, bench: BenchPage, stage: Stage
) -> None:
    line = stage.gates["north"].metal.telephone
    assert line is not None
    page = browser.new_page(viewport=SIZES["phone"])
    page.goto(f"{bench.address}street?language=en")
    row = page.locator('[data-gate="north"] [data-telephone]')
    expect(row).to_contain_text("No telephone rings.")
    with closing(Control(line.control_port)) as control:
        control.send("dial", "+8628123456")
        expect(row).to_contain_text("+8628123456")
        row.get_by_role("button", name="Answer").click()
        row.get_by_role("button", name="Press 9").click()
        problems = look(page, "bench-telephone")
        row.get_by_role("button", name="Hang up").click()
        expect(row).to_contain_text("No telephone rings.")
        kinds = [fields.get("type") for fields in control.read(1.0)]
    page.close()
    assert problems == []
    assert kinds[-4:] == ["CALL_ESTABLISHED", "CALL_DTMF_START", "CALL_DTMF_END", "CALL_CLOSED"]
