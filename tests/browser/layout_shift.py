"""How much of a page jumped while it came up, as Chromium counts it (Cumulative Layout Shift)."""

from playwright.sync_api import Page

MOST = 0.02
"""What a person hardly notices is 0.1; ours stay well below."""
_SHIFT = """() => new Promise((tell) => {
  let sum = 0; const moved = [];
  new PerformanceObserver((list) => {
    for (const shift of list.getEntries()) {
      sum += shift.value;
      moved.push(...shift.sources.map((source) => source.node?.outerHTML?.slice(0, 80) ?? "text"));
    }
  }).observe({ type: "layout-shift", buffered: true });
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => tell([sum, moved]), 0)));
})"""


def shift_of(page: Page) -> tuple[float, list[str]]:
    """Return the sum of all shifts so far, and the beginnings of what moved."""
    total, moved = page.evaluate(_SHIFT)
    return float(total), list(moved)
