"""A page with one end of a call's sound and picture, and nothing else."""

from pathlib import Path

from playwright.sync_api import Browser, Page

from gate_controller.contract import call_media
from tests.browser.resident_screen import PATIENCE_MS

MODULE = Path(call_media.__file__).with_suffix(".js")
BOOT = """
<!doctype html><title>An end</title>
<script type="module">
  import * as media from "/call_media.js";
  window.media = media;
  window.streams = null;
  window.states = [];
  window.hooks = {
    onStreams: (stream) => { window.streams = stream; },
    onState: (state) => { window.states.push(state); },
  };
</script>
"""
OFFER = "async () => { window.end = new media.GateEnd(hooks); return end.offer(); }"
ANSWER = "async (offer) => { window.end = new media.PhoneEnd(hooks); return end.answer(offer); }"
RELAYS_USED = """
() => {
  window.relaysUsed = [];
  const Connection = RTCPeerConnection;
  window.RTCPeerConnection = class extends Connection {
    constructor(config) {
      super(config);
      if (config) relaysUsed.push(config.iceServers);
    }
  };
}
"""
"""Notes which relays each connection of a page may use."""
CONNECTED = "() => states.at(-1) === 'connected'"


def an_end(browser: Browser) -> Page:
    """Open a page of its own browser context that has the module and nothing more."""
    page = browser.new_context().new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.route(
        "https://call.test/**",
        lambda route: route.fulfill(
            body=MODULE.read_text() if route.request.url.endswith(".js") else BOOT,
            content_type="text/javascript" if route.request.url.endswith(".js") else "text/html",
        ),
    )
    page.goto("https://call.test/")
    page.wait_for_function("() => window.media")
    return page
