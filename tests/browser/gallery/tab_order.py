"""Going through a page with the Tab key: where it stops, in which order, and whether one can see where."""

from dataclasses import dataclass

from playwright.sync_api import CDPSession, Page

PREPARE = """() => {
  const start = document.createElement("span");
  start.tabIndex = -1;
  document.body.prepend(start);
  start.focus();
  start.remove();
  const stops = "a[href], button, input, select, textarea, summary, [tabindex], [contenteditable]";
  const chosen = (radio) => {
    const group = [...document.querySelectorAll("input[type=radio]")]
      .filter((other) => other.name === radio.name && other.form === radio.form && !other.disabled);
    return (group.find((other) => other.checked) ?? group[0]) === radio;
  };
  window.tabStops = [...document.querySelectorAll(stops)].filter((one) => one.tabIndex >= 0 && !one.disabled
    && one.type !== "hidden" && (one.type !== "radio" || chosen(one))
    && (!one.matches("summary") || one.parentElement.firstElementChild === one)
    && one.checkVisibility({ visibilityProperty: true }));
  const around = (one) =>
    [one, one.nextElementSibling, one.parentElement, one.closest("label"), one.querySelector(".reach")];
  window.looksOf = (one) => JSON.stringify(around(one).filter((part) => part).map((part) => {
      const { outlineStyle, outlineWidth, outlineColor, boxShadow, borderColor, backgroundColor,
        textDecorationLine, clip, transform, stroke, strokeWidth } = getComputedStyle(part);
      return [outlineStyle, outlineWidth, outlineColor, boxShadow, borderColor, backgroundColor,
        textDecorationLine, clip, transform, stroke, strokeWidth];
    }));
  window.looksBefore = new Map(window.tabStops.map((one) => [one, window.looksOf(one)]));
  const parts = (one) => ["date", "time", "datetime-local"].includes(one.type) ? 10 : 1;
  return window.tabStops.map((one) => [one.outerHTML.slice(0, 90), parts(one)]);
}"""
"""What can be stopped at, and how often Tab may stop within it: a date has parts and a calendar."""
AT = """() => {
  const one = document.activeElement;
  const box = one.getBoundingClientRect();
  const shown = one.closest("label") ?? (/checkbox|radio/.test(one.type) && one.labels[0] || one);
  const room = shown.getBoundingClientRect();
  const points = [[0.5, 0.5], [0.1, 0.5], [0.9, 0.5], [0.5, 0.1], [0.5, 0.9]].map(([across, down]) =>
    document.elementFromPoint(room.left + across * room.width, room.top + down * room.height));
  return {
    at: window.tabStops.indexOf(one),
    html: one.outerHTML.slice(0, 90),
    scrolls: one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1,
    isPage: one === document.body || one === document.documentElement,
    inView: room.bottom > 0 && room.right > 0 && room.top < innerHeight && room.left < innerWidth
      && box.width > 0 && points.some((hit) => hit && (shown.contains(hit) || hit.contains(shown))),
    marked: window.looksBefore.get(one) !== window.looksOf(one),
  };
}"""


@dataclass(frozen=True)
class Stop:
    """Where the focus was after a Tab."""

    at: int
    html: str
    in_view: bool
    marked: bool


def tabbed(page: Page) -> tuple[list[str], list[Stop]]:
    """Press Tab from the top to the end; return what can be stopped at, in DOM order, and each stop made.

    What scrolls is a stop in Chromium without being one in the document, and is left out.
    """
    stops: list[tuple[str, int]] = page.evaluate(PREPARE)
    made: list[Stop] = []
    for _press in range(2 + sum(parts for _html, parts in stops)):
        page.keyboard.press("Tab")
        now = page.evaluate(AT)
        if now["isPage"] or (now["at"] == 0 and len(made) > 1):
            break
        again = bool(made) and made[-1].at == now["at"]
        if not again and (now["at"] >= 0 or not now["scrolls"]):
            made.append(Stop(now["at"], now["html"], now["inView"], now["marked"]))
    there = [html for html, _parts in stops]
    return there, made


def problems_with_tab(page: Page) -> list[str]:
    """Return where the Tab key does not follow the document, or leaves a person without a sign of where."""
    there, made = tabbed(page)
    problems = [f"Tab stops at {stop.html}, which is nowhere in the order" for stop in made if stop.at < 0]
    order = [stop.at for stop in made if stop.at >= 0]
    if order != list(range(len(there))):
        wrong = next((i for i, at in enumerate(order) if at != i), len(order))
        missed = there[wrong] if wrong < len(there) else "nothing"
        came = made[wrong].html if wrong < len(made) else "nothing more"
        problems.append(f"stop {wrong} is {came}, not {missed}")
    problems += [f"the focus is out of sight at {stop.html}" for stop in made if not stop.in_view]
    problems += [f"the focus does not show at {stop.html}" for stop in made if not stop.marked]
    return problems


def nameless(page: Page) -> list[str]:
    """Return what can have the focus and says nothing to a screen reader."""
    devtools: CDPSession = page.context.new_cdp_session(page)
    nodes = devtools.send("Accessibility.getFullAXTree")["nodes"]
    devtools.detach()
    return [
        f"a {node['role']['value']} without a name"
        for node in nodes
        if not node.get("ignored")
        and any(p["name"] == "focusable" and p["value"].get("value") for p in node.get("properties", ()))
        and node["role"]["value"] not in WITHOUT_NAMES
        and not node.get("name", {}).get("value", "").strip()
    ]


WITHOUT_NAMES = {"RootWebArea", "main", "generic", "none", "table", "region"}
"""The page itself, what the skip link leads to, and what scrolls."""
