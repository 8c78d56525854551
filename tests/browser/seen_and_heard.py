"""Scripts that make a sound and a picture in a page, and find them again in what came to another page."""

import math
import time

from playwright.sync_api import Page

from tests.browser.resident_screen import PATIENCE_MS

TONE = """
(hertz) => {
  const context = new AudioContext();
  const tone = context.createOscillator();
  const out = context.createMediaStreamDestination();
  tone.frequency.value = hertz;
  tone.connect(out);
  tone.start();
  window.tone = { context, tone, out };
  return context.resume();
}
"""
"""A tone, as `tone.out.stream`."""

MOVING_BAR = """
() => {
  const drawing = document.createElement("canvas").getContext("2d");
  let at = 0;
  window.bar = drawing.canvas;
  setInterval(() => {
    drawing.fillStyle = "black";
    drawing.fillRect(0, 0, 300, 150);
    drawing.fillStyle = "white";
    drawing.fillRect((at += 6) % 300, 0, 40, 150);
  }, 50);
}
"""
"""A white bar that moves to the right over black, in the canvas `bar`."""

LISTEN = """
(stream) => {
  const context = new AudioContext();
  const analyser = new AnalyserNode(context, { fftSize: 4096 });
  // Chromium gives the sound of a connection to an analyser only while an element plays it.
  const player = Object.assign(new Audio(), { srcObject: stream, muted: true });
  player.play();
  context.createMediaStreamSource(stream).connect(analyser);
  window.loudest = () => {
    const levels = new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatFrequencyData(levels);
    const place = levels.reduce((best, level, at) => level > levels[best] ? at : best, 0);
    return levels[place] > -60 ? place * context.sampleRate / analyser.fftSize : 0;
  };
  window.listening = { context, player, analyser };
  return context.resume();
}
"""
"""Begin to listen to a stream; `loudest()` is the frequency that is loudest in it, 0 in silence."""

WHERE_THE_BAR_IS = """
(video) => {
  if (!video.videoWidth) return null;
  const drawing = new OffscreenCanvas(300, 1).getContext("2d");
  drawing.drawImage(video, 0, 0, 300, 1);
  const bright = [...drawing.getImageData(0, 0, 300, 1).data].filter((_, at) => at % 4 === 0)
    .flatMap((level, at) => level > 128 ? [at] : []);
  return bright.length < 20 || bright.length > 60 ? null : bright[bright.length >> 1];
}
"""
"""The column of the bar's middle in a video that shows it; None in one that does not."""


def hears(page: Page, hertz: float) -> bool:
    """Wait until a page that listens hears a tone; return whether it did."""
    page.wait_for_function(f"() => Math.abs(loudest() - {hertz}) < 25", timeout=PATIENCE_MS)
    return True


def sees_the_bar_move(page: Page, video: str) -> bool:
    """Look five times at a video; return whether a bar was there each time and had moved."""
    page.wait_for_function(f"() => (({WHERE_THE_BAR_IS})({video})) !== null", timeout=PATIENCE_MS)
    seen = []
    for _ in range(5):
        seen.append(page.evaluate(f"({WHERE_THE_BAR_IS})({video})"))
        time.sleep(0.15)
    places = [place for place in seen if place is not None]
    return len(set(places)) >= 3 and not any(math.isnan(place) for place in places)


def sees_the_camera(page: Page) -> bool:
    """Wait until the streams of a page bring pictures as a gate sends them; return whether they did."""
    page.evaluate(
        """() => {
          window.video = Object.assign(document.createElement("video"), { srcObject: streams, muted: true });
          video.play();
        }"""
    )
    page.wait_for_function("() => video.videoWidth === 640", timeout=PATIENCE_MS)
    page.wait_for_function("() => video.getVideoPlaybackQuality().totalVideoFrames > 5", timeout=PATIENCE_MS)
    return True
