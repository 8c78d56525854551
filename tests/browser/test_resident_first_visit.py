"""What a phone loads until it shows its own code and can do so without network: no more than 250 kB."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.resident_screen import Served, switch_on_code, welcome

pytestmark = [pytest.mark.browser, pytest.mark.wide]

MAX_BYTES = 250_000


class Counted:
    """The app with a count of what leaves the server, heads and bodies, by path.

    It counts at the server because a service worker's requests are no page's: a browser's own tools count
    them elsewhere or not at all. The server does not compress, so what is counted here is what is carried.
    """

    def __init__(self, app: Any) -> None:
        self.app = app
        self.sent: Counter[str] = Counter()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        path = environ["PATH_INFO"]

        def begin(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            self.sent[path] += len(status) + sum(len(name) + len(value) + 4 for name, value in headers)
            return start_response(status, headers, *more)

        body: Iterable[bytes] = self.app(environ, begin)
        try:
            for part in body:
                self.sent[path] += len(part)
                yield part
        finally:
            getattr(body, "close", lambda: None)()


def test_from_the_letter_to_a_code_that_works_offline_a_phone_loads_at_most_250_kilobytes(
    context: BrowserContext, served: Served
) -> None:
    counted = Counted(served.compound.app.wsgi_app)
    served.compound.app.wsgi_app = counted  # type: ignore[method-assign]  # Flask documents this
    page = welcome(context, served)
    switch_on_code(page)
    page.evaluate("navigator.serviceWorker.ready")
    page.wait_for_load_state("networkidle")
    kept = page.evaluate(
        "caches.keys().then((names) => Promise.all(names.map((name) => caches.open(name))))"
        ".then((all) => Promise.all(all.map((one) => one.keys())))"
        ".then((all) => all.flat().map((asked) => new URL(asked.url).pathname))"
    )
    assert {"/r/code/offline/zh", "/r/code/offline/en", "/static/vendor/lean-qr/index.mjs"} <= set(kept)
    assert set(kept) - {"/r/language"} <= set(counted.sent)
    carried = sum(counted.sent.values())
    assert carried <= MAX_BYTES, "\n".join(f"{size:8} {path}" for path, size in counted.sent.most_common())
