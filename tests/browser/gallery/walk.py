"""Going through the list in a browser: every state in every language, and what is missing on the way."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Error, Page, Response

from tests.browser.gallery.states import LANGUAGES, PAGES, TERMINAL, State
from tests.browser.gallery.world import World
from tests.browser.terminal.conftest import open_page
from tests.browser.terminal.states import shown
from tests.support.compounds.lived_in import RESIDENTS

READ_FIRST = "[data-act-preview] .btn-bad, [data-ask-first] button"


def _go_on(page: Page) -> None:
    """Press the button of the page of what follows, where there is one."""
    page.wait_for_load_state()
    if page.locator(READ_FIRST).count():
        page.locator(READ_FIRST).first.click()


STEPS: dict[str, Callable[..., object]] = {
    "click": lambda page, selector: page.locator(selector).first.click(),
    "fill": lambda page, selector, text: page.locator(selector).first.fill(text),
    "choose": lambda page, selector, value: page.locator(selector).first.select_option(value),
    "press": lambda page, key: page.keyboard.press(key),
    "go on": _go_on,
    "open": lambda page, address: page.goto(address),
}


@dataclass(frozen=True)
class Shown:
    """A page in one state of the list, in one language."""

    name: str
    group: str
    language: str
    page: Page


@dataclass(frozen=True)
class Missing:
    """A state of the list that could not be reached, and why."""

    name: str
    why: str


def shown_pages(
    browser: Browser,
    world: World,
    pages: tuple[State, ...] = PAGES,
    languages: tuple[str, ...] = LANGUAGES,
) -> Iterator[Shown | Missing]:
    """Bring each page into each of its states; language after language, one page a person."""
    residents = [who for who in dict.fromkeys(state.who for state in pages) if who in RESIDENTS]
    for who in residents:  # before anything the office does ends an invitation that waits
        world.page_of(browser, who, languages[0]).close()
    for language in languages:
        for who in dict.fromkeys(state.who for state in pages):
            page = world.page_of(browser, who, language)
            for state in pages:
                if state.who == who:
                    why = _bring(page, state, world, language)
                    yield (
                        Missing(f"{state.name} {language}", why)
                        if why
                        else Shown(state.name, state.group, language, page)
                    )
            page.close()


def shown_screens(browser: Browser, world: World) -> Iterator[Shown]:
    """Bring the gate's screen into each of its states."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    page = open_page(context, world.terminal)
    for language in LANGUAGES:
        for name, view in TERMINAL.items():
            # By way of another, so that the page cannot still be at a former one of its kind.
            shown(world.terminal, page, TERMINAL["waiting"], language)
            shown(world.terminal, page, view, language)
            yield Shown(name, "terminal", language, page)
    context.close()


def _bring(page: Page, state: State, world: World, language: str) -> str:
    """Lead a page to a state; return why it is not there, "" when it is."""
    path = state.path.format(language=language, **world.words)
    try:
        answer = page.goto(world.address + path)
        for kind, *words in state.steps:
            STEPS[kind](page, *(word.format(language=language, **world.words) for word in words))
        page.locator(state.marker.format(**world.words)).first.wait_for(state="visible", timeout=30_000)
        page.wait_for_load_state("load")  # with its styles, or everything on it is too small
    except Error as error:
        return f"{path}: {error.message.splitlines()[0]}, at {page.url}"
    if not state.steps and urlsplit(page.url).path != urlsplit(path).path:
        return f"{path}: led to {page.url}"
    status = _status(answer)
    return "" if status == state.status else f"{path}: answered {status}, not {state.status}"


def _status(answer: Response | None) -> int:
    return answer.status if answer is not None else 0
