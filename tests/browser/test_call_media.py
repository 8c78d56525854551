"""Two Chromiums speak and see through the fields of `MediaSide` alone, and through nothing else."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Browser, Error, Page, expect

from gate_controller.contract.call_media import MediaSide
from tests.browser.media_ends import ANSWER, CONNECTED, OFFER, an_end
from tests.browser.seen_and_heard import LISTEN, MOVING_BAR, TONE, hears, sees_the_bar_move

pytestmark = [pytest.mark.browser, pytest.mark.wide]

BYTES_TAKEN = """
async () => [...(await end.connection.getStats()).values()]
  .filter((one) => one.type === "inbound-rtp").reduce((sum, one) => sum + one.bytesReceived, 0)
"""
Side = dict[str, Any]


@pytest.fixture
def ends(browser: Browser) -> Iterator[tuple[Page, Page]]:
    """Give the gate's end and the phone's end, unconnected."""
    pages = (an_end(browser), an_end(browser))
    yield pages
    for page in pages:
        page.context.close()


def over_the_wire(side: Side) -> Side:
    """Take a side through the contract's strict struct, as gate and server do."""
    there: Side = msgspec.json.decode(
        msgspec.json.encode(msgspec.json.decode(json.dumps(side), type=MediaSide))
    )
    return there


def connect(gate: Page, phone: Page) -> None:
    offer = over_the_wire(gate.evaluate(OFFER))
    answer = over_the_wire(phone.evaluate(ANSWER, offer))
    gate.evaluate("(answer) => end.accept(answer)", answer)


def test_a_tone_is_heard_both_ways_and_a_moving_bar_is_seen_at_the_phone(ends: tuple[Page, Page]) -> None:
    gate, phone = ends
    connect(gate, phone)
    gate.evaluate(TONE, 880)
    gate.evaluate(MOVING_BAR)
    gate.evaluate("end.sendSound(tone.out.stream.getAudioTracks()[0])")
    gate.evaluate("end.sendPicture(bar.captureStream(15).getVideoTracks()[0])")
    phone.evaluate(TONE, 1760)
    phone.evaluate("end.sendSound(tone.out.stream.getAudioTracks()[0])")
    for end, hertz in ((gate, 1760), (phone, 880)):
        end.wait_for_function(CONNECTED)
        end.evaluate(f"({LISTEN})(streams)")
        assert hears(end, hertz)
    phone.evaluate(
        "window.video = Object.assign(document.createElement('video'), { srcObject: streams, muted: true })"
    )
    phone.evaluate("video.play()")
    assert sees_the_bar_move(phone, "video")
    assert gate.evaluate("streams.getVideoTracks().length") == 0, "no picture comes from a home"


@pytest.mark.parametrize("of_the_gate", [True, False])
def test_with_another_key_than_the_one_that_was_named_nothing_is_heard(
    ends: tuple[Page, Page], of_the_gate: bool
) -> None:
    """A server that puts its own digest in place of a side's gets no sound and no picture."""
    gate, phone = ends
    offer = gate.evaluate(OFFER)
    another = {"fingerprint": "A" * 43 + "="}
    answer = phone.evaluate(ANSWER, over_the_wire(offer | (another if of_the_gate else {})))
    gate.evaluate(TONE, 880)
    gate.evaluate("end.sendSound(tone.out.stream.getAudioTracks()[0])")
    gate.evaluate("(answer) => end.accept(answer)", over_the_wire(answer | ({} if of_the_gate else another)))
    for end in ends:
        end.wait_for_function("() => states.at(-1) === 'failed'")
        assert end.evaluate(BYTES_TAKEN) == 0


def test_the_end_of_one_page_is_noticed_at_the_other(ends: tuple[Page, Page]) -> None:
    gate, phone = ends
    connect(gate, phone)
    phone.wait_for_function(CONNECTED)
    gate.context.close()
    phone.wait_for_function("() => states.includes('disconnected') || states.includes('failed')")


FIELDS = {
    "ufrag": "gOL7",
    "pwd": "Ci9NwetAurW1JR4xaZykc0Xz",
    "fingerprint": "A" * 43 + "=",
    "candidates": [{"kind": "host", "address": "192.0.2.7", "port": 56139}],
}
WRONG_SIDES = [
    None,
    [],
    "v=0",
    FIELDS | {"sdp": "v=0"},
    {name: FIELDS[name] for name in ("ufrag", "pwd", "fingerprint")},
    FIELDS | {"ufrag": "abcd\r\na=x"},
    FIELDS | {"ufrag": "abcd\n"},
    FIELDS | {"pwd": "short"},
    FIELDS | {"fingerprint": "A" * 44},
    FIELDS | {"candidates": {}},
    FIELDS | {"candidates": [{"kind": "host", "address": "192.0.2.7", "port": 56139}] * 9},
    *(
        FIELDS | {"candidates": [{"kind": "host", "address": "192.0.2.7", "port": 1024} | change]}
        for change in (
            {"kind": "prflx"},
            {"kind": "toString"},
            {"address": "gate.example.org"},
            {"address": "192.0.2.7 1 typ host"},
            {"address": "192.0.2.7\r\n"},
            {"address": "127.0.0.1"},
            {"address": "0.1.2.3"},
            {"address": "169.254.169.254"},
            {"address": "224.0.0.251"},
            {"address": "255.255.255.255"},
            {"address": "010.0.0.1"},
            {"address": "999.0.0.1"},
            {"address": "::1"},
            {"address": "0:0:0:0:0:0:0:1"},
            {"address": "::ffff:7f00:1"},
            {"address": "fe80::1"},
            {"address": "ff02::fb"},
            {"address": ":::"},
            {"port": 0},
            {"port": 53},
            {"port": 1023},
            {"port": 65536},
            {"port": "80"},
            {"port": 1.5},
            {"raddr": "192.0.2.7"},
        )
    ),
]


def test_a_page_refuses_what_the_contract_refuses(ends: tuple[Page, Page]) -> None:
    """The check of the page is its own: a server that was broken into is no reason to trust it."""
    page = ends[0]
    assert page.evaluate("(side) => media.checkedSide(side)", FIELDS) == FIELDS
    assert msgspec.convert(FIELDS, MediaSide)
    for side in WRONG_SIDES:
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(side, MediaSide)
        with pytest.raises(Error, match="not the fields"):
            page.evaluate("(side) => media.checkedSide(side)", side)


def test_a_page_offers_itself_without_a_microphone_or_camera(ends: tuple[Page, Page]) -> None:
    gate = ends[0]
    gate.evaluate("() => { navigator.mediaDevices.getUserMedia = null; }")
    side = gate.evaluate(OFFER)
    assert msgspec.convert(side, MediaSide).candidates
    expect(gate.locator("video, audio")).to_have_count(0)


@pytest.mark.parametrize(("relays", "kept"), [(0, "hhhhhhhh"), (1, "hhhhhhhr"), (3, "hhhhhhrr")])
def test_of_many_addresses_eight_go_and_relays_are_among_them(
    ends: tuple[Page, Page], relays: int, kept: str
) -> None:
    page = ends[0]
    side = page.evaluate(
        """async (relays) => {
          const end = new media.GateEnd(hooks);
          await end.offer();
          const line = (n, kind) => `a=candidate:${n} 1 udp 1 192.0.2.${n} 4000 typ ${kind} generation 0`;
          const hosts = [...Array(12).keys()].map((n) => line(n, "host"));
          const others = [...Array(relays).keys()].map((n) => line(100 + n, "relay"));
          const tcp = "a=candidate:9 1 tcp 1 192.0.2.9 9 typ host";
          const own = end.connection.localDescription.sdp.split("\\r\\n")
            .filter((one) => !one.startsWith("a=candidate"));
          return media.sideOf([...own, ...hosts, hosts[0], tcp, ...others]
            .join("\\r\\n"));
        }""",
        relays,
    )
    assert "".join(one["kind"][0] for one in side["candidates"]) == kept
