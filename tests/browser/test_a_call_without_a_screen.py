"""A whole gate without a screen and a phone in Chromium: sound both ways and a picture, by the gate's helper.

The sound goes through the system's own ALSA: a file is played as microphone, another keeps what the
loudspeaker plays.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from gate_controller.call_helper.descriptions import answer_of
from gate_controller.contract.call_media import MediaSide
from gate_controller.contract.calls import CallEnd
from gate_controller.contract.event_kinds import EventKind
from gate_controller.lane.sound_health import LASTS_SECONDS
from tests.browser.media_ends import ANSWER, CONNECTED, OFFER, an_end
from tests.browser.seen_and_heard import LISTEN, TONE, hears, sees_the_bar_move
from tests.support.compounds.people import card, person, records
from tests.support.gates.bench import CAMERA_SHEET, CARD_KEY, LANE, BenchGate, bench_gate
from tests.support.gates.call_office import CallOffice, call_office
from tests.support.gates.waiting import until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.wide,
    pytest.mark.skipif(shutil.which("arecord") is None, reason="alsa-utils is not installed"),
]
RATE = 48_000
PARTS_OF_CALLS = ("microphone", "loudspeaker", "camera", "helper")
NAMED = {"microphone": "pcm.played", "loudspeaker": "pcm.kept"}
AT_GATE_HERTZ, AT_HOME_HERTZ = 1000, 600
PARTS = (
    CAMERA_SHEET
    + """
[camera.eye]
kind = "folder"
source = "{root}/pictures"
lane = "north-in"

[call_sound.north]
lane = "north-in"
microphone = "played"
loudspeaker = "kept"
picture = true
cancels_echo = {cancels_echo}
"""
)
ALSA = """
</usr/share/alsa/alsa.conf>
pcm.played {{ type file; slave.pcm null; file /dev/null; infile "{root}/microphone.raw"; format raw }}
pcm.kept {{ type file; slave.pcm null; file "{root}/loudspeaker.raw"; format raw }}
"""


SHOW = """
() => {
  window.video = Object.assign(document.createElement("video"), { srcObject: streams, muted: true });
  video.play();
}
"""


def tone(hertz: float, seconds: float) -> bytes:
    times = np.arange(int(RATE * seconds)) / RATE
    return (8000 * np.sin(2 * np.pi * hertz * times)).astype(np.int16).tobytes()


def loudest_hertz(samples: np.ndarray) -> float:
    levels = np.abs(np.fft.rfft(samples))
    return float(np.argmax(levels[1:]) + 1) * RATE / len(samples)


def draw_pictures(folder: Path) -> None:
    """Draw a white bar that moves to the right over black."""
    folder.mkdir()
    for number in range(12):
        picture = np.zeros((480, 640, 3), np.uint8)
        picture[:, number * 45 : number * 45 + 85] = 255
        cv2.imwrite(str(folder / f"{number:02}.png"), picture)


@dataclass
class Scene:
    """A gate with a helper, a played server, and the page of who answers."""

    bench: BenchGate
    office: CallOffice
    phone: Page
    root: Path

    @property
    def helper(self) -> subprocess.Popen[bytes]:
        assert self.bench.gate is not None
        return self.bench.gate.controller._parts.call_helpers._running[LANE].process

    def call_and_answer(self) -> MediaSide:
        """Call, answer with a page, and return the gate's side."""
        offer = self.call()
        side = self.phone.evaluate(ANSWER, msgspec.to_builtins(offer))
        self.office.media_answer, self.office.stage = msgspec.convert(side, MediaSide), "answered"
        self.phone.wait_for_function(CONNECTED)
        return offer

    def call(self) -> MediaSide:
        assert self.bench.gate is not None
        desk = self.bench.gate.controller._parts.desks[LANE]
        until(lambda: desk.calls.is_offered and self.bench.gate.controller._state.online)
        self.bench.keys.type("##7" + "31203#")
        until(lambda: any(report.media_offer for report in self.office.reports))
        offer = self.office.reports[-1].media_offer
        assert offer is not None
        return offer

    def another_page_hears_and_sees(self, browser: Browser) -> None:
        """Let another page answer the last offer, then the next one of the gate, and connect."""
        first, again = self.office.reports[-1].media_offer, an_end(browser)
        self._answered_on(again)
        until(lambda: self.office.reports[-1].media_offer not in (None, first))
        self._answered_on(again)
        again.wait_for_function(CONNECTED)
        again.evaluate(f"({LISTEN})(streams)")
        assert hears(again, AT_GATE_HERTZ)
        again.evaluate(SHOW)
        assert sees_the_bar_move(again, "video")
        again.context.close()

    def _answered_on(self, page: Page) -> None:
        side = page.evaluate(ANSWER, msgspec.to_builtins(self.office.reports[-1].media_offer))
        self.office.media_answer = msgspec.convert(side, MediaSide)

    def hang_up(self) -> None:
        assert self.bench.gate is not None
        self.office.stage, self.office.end = "over", CallEnd.ENDED
        desk = self.bench.gate.controller._parts.desks[LANE]
        until(lambda: desk.sound.shown is None)
        self.office.stage, self.office.end, self.office.media_answer = "ringing", None, None
        self.office.reports.clear()

    def speak(self) -> None:
        """Let the page send a tone."""
        self.phone.evaluate(f"({TONE})({AT_HOME_HERTZ})")
        self.phone.evaluate("end.sendSound(tone.out.stream.getAudioTracks()[0])")

    def health(self, part: str) -> tuple[str, ...]:
        """Return how the gate reports a device of its calls, with its reason; empty where it does not."""
        assert self.bench.gate is not None
        devices = self.bench.gate.controller.status().devices
        found = ((one.health, one.detail) for one in devices if one.device == f"call-{part}-{LANE}")
        return next(found, ())

    def loudspeaker(self) -> np.ndarray:
        file = self.root / "loudspeaker.raw"
        return (
            np.frombuffer(file.read_bytes()[: file.stat().st_size // 2 * 2], np.int16)
            if file.exists()
            else np.zeros(0, np.int16)
        )


@contextmanager
def scene_of(root: Path, browser: Browser, *, cancels_echo: bool) -> Iterator[Scene]:
    draw_pictures(root / "pictures")
    (root / "microphone.raw").write_bytes(tone(AT_GATE_HERTZ, 120))
    (root / "alsa.conf").write_text(ALSA.format(root=root))
    more = PARTS.format(root=root, cancels_echo=str(cancels_echo).lower())
    with bench_gate(root, more=more) as bench, call_office(bench.site) as (office, address):
        bench.server_url = address
        bench.give_policy(records(person(), card(7, CARD_KEY)))
        bench.start()
        phone = an_end(browser)
        yield Scene(bench, office, phone, root)
        phone.context.close()


@pytest.fixture
def alsa(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(tmp_path / "alsa.conf"))
    return tmp_path


def test_home_and_visitor_hear_each_other_and_the_home_sees_the_gate(alsa: Path, browser: Browser) -> None:
    with scene_of(alsa, browser, cancels_echo=True) as scene:
        scene.call_and_answer()
        phone = scene.phone
        phone.evaluate(f"({LISTEN})(streams)")
        assert hears(phone, AT_GATE_HERTZ)
        phone.evaluate(SHOW)
        assert sees_the_bar_move(phone, "video")
        scene.speak()
        until(
            lambda: (
                (heard := scene.loudspeaker()).size > 2 * RATE
                and abs(loudest_hertz(heard[-RATE // 2 :]) - AT_HOME_HERTZ) < 10
            )
        )
        helper = scene.helper
        assert scene.bench.gate.controller._parts.desks[LANE].sound.speaks
        assert [scene.health(part) for part in PARTS_OF_CALLS] == [()] * len(PARTS_OF_CALLS)
        scene.office.stage, scene.office.end = "over", CallEnd.ENDED
        until(lambda: helper.poll() is not None)
        assert helper.returncode in (0, -signal.SIGKILL), "gone, on a busy machine by force"
        desk = scene.bench.gate.controller._parts.desks[LANE]
        until(lambda: not desk.sound.is_lent)


def test_without_an_echo_canceller_the_microphone_rests_while_the_home_speaks(
    alsa: Path, browser: Browser
) -> None:
    with scene_of(alsa, browser, cancels_echo=False) as scene:
        scene.call_and_answer()
        phone = scene.phone
        phone.evaluate(f"({LISTEN})(streams)")
        assert hears(phone, AT_GATE_HERTZ)
        scene.speak()
        phone.wait_for_function("() => loudest() === 0")
        phone.evaluate("end.sendSound(null)")
        assert hears(phone, AT_GATE_HERTZ)


def test_a_page_that_was_loaded_again_hears_and_sees_the_gate_again(alsa: Path, browser: Browser) -> None:
    with scene_of(alsa, browser, cancels_echo=True) as scene:
        scene.call_and_answer()
        for _time in range(2):
            scene.another_page_hears_and_sees(browser)


def test_a_page_that_goes_by_its_own_word_and_comes_again_hears_and_sees_the_gate_and_no_device_failed(
    alsa: Path, browser: Browser
) -> None:
    with scene_of(alsa, browser, cancels_echo=True) as scene:
        scene.call_and_answer()
        scene.phone.evaluate(f"({LISTEN})(streams)")
        assert hears(scene.phone, AT_GATE_HERTZ)
        desk = scene.bench.gate.controller._parts.desks[LANE]
        until(lambda: desk.sound.said.is_connected)
        scene.phone.evaluate("end.close()")
        until(lambda: desk.sound.said.trouble == "lost")
        lost_seconds = time.monotonic()
        until(lambda: time.monotonic() - lost_seconds > 2 * LASTS_SECONDS)
        scene.another_page_hears_and_sees(browser)
        assert [scene.health(part) for part in PARTS_OF_CALLS] == [()] * len(PARTS_OF_CALLS)


def test_a_helper_that_is_killed_leaves_the_call_and_the_camera_to_the_gate(
    alsa: Path, browser: Browser
) -> None:
    with scene_of(alsa, browser, cancels_echo=True) as scene:
        scene.call_and_answer()
        desk = scene.bench.gate.controller._parts.desks[LANE]
        until(lambda: desk.sound.is_lent)
        os.kill(scene.helper.pid, signal.SIGKILL)
        until(lambda: not desk.sound.is_lent and desk.sound.note == "sound_lost")
        assert not desk.sound.speaks
        assert desk.calls.call is not None


def test_the_camera_closes_where_the_page_that_answered_shows_no_picture(
    alsa: Path, browser: Browser
) -> None:
    with scene_of(alsa, browser, cancels_echo=True) as scene:
        scene.call()
        scene.office.stage = "answered"
        desk = scene.bench.gate.controller._parts.desks[LANE]
        until(lambda: desk.sound.is_lent)
        until(lambda: not desk.sound.is_lent)
        assert desk.sound.is_answered
        side = scene.phone.evaluate(ANSWER, msgspec.to_builtins(scene.office.reports[-1].media_offer))
        scene.office.media_answer = msgspec.convert(side, MediaSide)
        scene.phone.evaluate(SHOW)
        assert sees_the_bar_move(scene.phone, "video")


@pytest.mark.parametrize("device", ["microphone", "loudspeaker"])
def test_a_device_that_is_gone_is_an_alarm_until_a_call_has_sound_again(
    alsa: Path, browser: Browser, device: str
) -> None:
    with scene_of(alsa, browser, cancels_echo=True) as scene:
        (alsa / "alsa.conf").write_text(ALSA.format(root=alsa).replace(NAMED[device], "another"))
        scene.call_and_answer()
        until(lambda: scene.health(device)[:1] == ("faulty",))
        scene.hang_up()
        (alsa / "alsa.conf").write_text(ALSA.format(root=alsa))
        scene.phone.context.close()
        scene.phone = an_end(browser)
        scene.call_and_answer()
        scene.speak()
        until(lambda: scene.health(device)[:1] == ("ok",))
        scene.bench.stop()
        kinds = [entry.kind for entry in scene.bench.entries()]
        assert [kinds.count(EventKind.ALARM_DEVICE_LOST), kinds.count(EventKind.DEVICE_BACK)] == [1, 1]


def test_a_side_with_another_digest_than_its_keys_is_not_heard(alsa: Path, browser: Browser) -> None:
    with scene_of(alsa, browser, cancels_echo=True) as scene:
        offer = scene.call()
        side = msgspec.convert(scene.phone.evaluate(ANSWER, msgspec.to_builtins(offer)), MediaSide)
        other = msgspec.structs.replace(side, fingerprint=bytes(reversed(side.fingerprint)))
        scene.office.media_answer, scene.office.stage = other, "answered"
        desk = scene.bench.gate.controller._parts.desks[LANE]
        until(lambda: desk.sound.note == "sound_lost")
        assert scene.loudspeaker().size == 0


def test_packets_that_are_none_change_nothing_in_a_call(alsa: Path, browser: Browser) -> None:
    with scene_of(alsa, browser, cancels_echo=True) as scene:
        offer = scene.call_and_answer()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            for one in offer.candidates:
                for first in (0, 22, 128, 200, 255):  # STUN, DTLS, RTP, RTCP, none of them (RFC 7983)
                    packet = bytes([first]) + os.urandom(200)
                    if ":" not in one.address:
                        line.sendto(packet, (one.address, one.port))
        scene.phone.evaluate(f"({LISTEN})(streams)")
        assert hears(scene.phone, AT_GATE_HERTZ)
        assert scene.helper.poll() is None


def test_both_kinds_of_gates_write_one_description_but_for_the_end_of_addresses(browser: Browser) -> None:
    page = an_end(browser)
    side = page.evaluate(OFFER)
    written = page.evaluate("(side) => media.sdpOf(side, 'answer')", side)
    assert answer_of(msgspec.convert(side, MediaSide)) == written.replace("a=end-of-candidates\r\n", "")
    page.context.close()
