"""The two browsers of a call: the kiosk of the gate's screen, and the phone of who answers.

Both are Chromium with played devices: the microphone has bursts of a tone all the time, the camera a moving
picture. All times are taken in the phone's page, so that how the browsers are driven is not in them.
"""

import array
import math
import subprocess
import tempfile
import time
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from demo.stage import Stage
from tests.bench.cost_meters import Meter, pss_kib
from tests.browser.media_ends import OFFER, an_end
from tests.support.chromium import SPEAKING, launch

GATE = "north"
RATE_HZ, TONE_HZ, BURST_SECONDS, TONE_SECONDS = 48_000, 880, 0.05, 10
"""A burst is shorter than the shortest time that is measured; noise suppression takes a steady tone away."""
SHOWS_ADDRESSES = "--disable-features=WebRtcHideLocalIpsWithMdns"
"""As the kiosk's policy file has it."""
PATIENCE_SECONDS, LOOK_EVERY_SECONDS = 20.0, 0.1

TIMES = """
() => {
  window.times = {};
  document.addEventListener("submit", (event) => {
    if (event.target.action.endsWith("/answer")) times.pressed = performance.now();
  }, true);
  const watchPicture = (track) => {
    const stream = new MediaStream([track]);
    const shown = Object.assign(document.createElement("video"), { muted: true, srcObject: stream });
    shown.requestVideoFrameCallback(() => { times.picture ??= performance.now(); });
    shown.play();
  };
  const watchSound = (track) => {
    const stream = new MediaStream([track]);
    const player = Object.assign(new Audio(), { muted: true, srcObject: stream });
    player.play();
    const context = new AudioContext();
    const analyser = new AnalyserNode(context, { fftSize: 1024 });
    context.createMediaStreamSource(stream).connect(analyser);
    context.resume();
    const waves = new Float32Array(1024);
    const looking = setInterval(() => {
      analyser.getFloatTimeDomainData(waves);
      if (!waves.some((one) => Math.abs(one) > 0.02)) return;
      times.sound ??= performance.now();
      clearInterval(looking);
      context.close();
    }, 5);
  };
  const Connection = RTCPeerConnection;
  window.RTCPeerConnection = class extends Connection {
    constructor(...args) {
      super(...args);
      this.addEventListener("track", ({ track }) => {
        if (track.kind === "video") watchPicture(track);
        else watchSound(track);
      });
    }
  };
}
"""
"""Notes when *Answer* was pressed and when the first picture and sound of the gate came."""
OWN_DEVICES = """
async (side) => {
  const opened = Promise.all([
    navigator.mediaDevices.getUserMedia({ audio: true }),
    navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480, frameRate: 15 } }),
  ]);
  await end.accept(side);
  const [sound, picture] = await opened;
  await end.sendSound(sound.getTracks()[0]);
  await end.sendPicture(picture.getTracks()[0]);
  window.opened = [...sound.getTracks(), ...picture.getTracks()];
}
"""
ANSWER_NOW = """
(offer) => {
  times.pressed = performance.now();
  window.end = new media.PhoneEnd(hooks);
  return end.answer(offer);
}
"""
LET_GO = "() => { end.close(); window.opened?.forEach((track) => track.stop()); }"


@dataclass(frozen=True, slots=True)
class Came:
    """How long after the press on *Answer* the gate was seen and heard, in ms."""

    picture_ms: float
    sound_ms: float


@dataclass(frozen=True, slots=True)
class Browsers:
    """Both browsers while they run."""

    stage: Stage
    kiosk: Browser
    phone: Browser
    screen: Page
    page: Page

    def wait_band(self) -> int:
        """Wait until the open page shows that the gate calls; return monotonic ns."""
        self.page.locator("[data-call-band] a").wait_for(state="visible")
        return time.monotonic_ns()

    def answer(self, call: str) -> Came:
        """Press *Answer* on the page of a call; return how soon the gate was seen and heard."""
        self.page.goto(f"{self.stage.server.address}{call}")
        self.page.get_by_role("button", name="Answer the call").click()
        return _came(self.page)

    def press(self, name: str) -> None:
        """Press a button of the page of the call."""
        self.page.get_by_role("button", name=name).click()

    def sweep_screen(self) -> None:
        """Let the kiosk's browser free what its page does not hold any more."""
        session = self.screen.context.new_cdp_session(self.screen)
        for _sweep in range(3):
            session.send("HeapProfiler.collectGarbage")
        session.detach()

    def look_at_home(self) -> None:
        """Open the first page, which rings when someone calls."""
        with self.page.expect_response(lambda answer: "/r/call/stream" in answer.url):
            self.page.goto(f"{self.stage.server.address}/r/")

    def alone(self) -> Came:
        """Return the same of two pages that hand each other their sides, without gate and server."""
        gate, phone = an_end(self.kiosk), an_end(self.phone)
        phone.evaluate(TIMES)
        offer: dict[str, Any] = gate.evaluate(OFFER)
        gate.evaluate(OWN_DEVICES, phone.evaluate(ANSWER_NOW, offer))
        came = _came(phone)
        for page in (gate, phone):
            page.evaluate(LET_GO)
            page.context.close()
        return came


def _came(page: Page) -> Came:
    """Return the times once both have come."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up:
        # The page's policy forbids the text that Playwright's own waiting would run.
        times: dict[str, float] = page.evaluate("times")
        if {"picture", "sound"} <= times.keys():
            return Came(times["picture"] - times["pressed"], times["sound"] - times["pressed"])
        time.sleep(LOOK_EVERY_SECONDS)
    shown = " ".join(page.locator("main").inner_text().split())
    raise TimeoutError(f"no picture and sound of the gate came: {times}; the page shows: {shown[:300]}")


@contextmanager
def browsers(stage: Stage) -> Iterator[Browsers]:
    """Open the gate's screen in a kiosk, and the resident's pages on a phone."""
    with tempfile.TemporaryDirectory(prefix="menjin-bench-") as folder, sync_playwright() as play:
        tone = _tone(Path(folder) / "tone.wav")
        own = (f"--use-file-for-fake-audio-capture={tone}", SHOWS_ADDRESSES, _mark(stage))
        kiosk = launch(play.chromium, more=(*SPEAKING, *own))
        phone = launch(play.chromium, more=SPEAKING)
        try:
            screen = kiosk.new_page()
            screen.goto(stage.gates[GATE].launch_url or "")
            page = _signed_in(phone, stage).new_page()
            page.set_default_timeout(PATIENCE_SECONDS * 1000)
            yield Browsers(stage, kiosk, phone, screen, page)
        finally:
            phone.close()
            kiosk.close()


def _signed_in(phone: Browser, stage: Stage) -> BrowserContext:
    context = phone.new_context(viewport={"width": 390, "height": 844}, locale="en-GB", has_touch=True)
    context.add_init_script(f"({TIMES})()")
    host = str(urlsplit(stage.server.address).hostname)
    cookies = stage.phone_of("resident").session.cookies
    context.add_cookies(
        [{"name": one.name, "value": one.value or "", "domain": host, "path": "/"} for one in cookies]
    )
    return context


def _mark(stage: Stage) -> str:
    return f"--menjin-bench={stage.folder.name}"


def kiosk_of(stage: Stage) -> list[int]:
    """Return the processes of the kiosk's browser, all of them."""
    found = subprocess.run(["pgrep", "-f", "--", _mark(stage)], capture_output=True, check=False)
    every = {int(one) for one in found.stdout.split()}
    todo = list(every)
    while todo:
        started = subprocess.run(["pgrep", "-P", str(todo.pop())], capture_output=True, check=False)
        new = {int(one) for one in started.stdout.split()} - every
        every |= new
        todo += new
    return sorted(every)


def mib_of(processes: list[int]) -> float:
    """Return what processes hold of the memory, shared pages counted in parts."""
    return sum(pss_kib(one) for one in processes) / 1024


def cores_of(processes: list[int], seconds: float) -> float:
    """Return how much of one core processes use in the next seconds."""
    meters = [Meter(one) for one in processes]
    before = sum(meter.own_seconds() for meter in meters)
    time.sleep(seconds)
    return (sum(meter.own_seconds() for meter in meters) - before) / seconds


def _tone(path: Path) -> Path:
    burst = int(RATE_HZ * BURST_SECONDS)
    waves = [
        int(12_000 * math.sin(2 * math.pi * TONE_HZ * at / RATE_HZ)) if at // burst % 2 == 0 else 0
        for at in range(RATE_HZ)
    ]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(array.array("h", waves).tobytes() * TONE_SECONDS)
    return path
