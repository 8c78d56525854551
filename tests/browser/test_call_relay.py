"""Two Chromiums that may use the relay alone speak through a real coturn, by a right of this call alone."""

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Browser, Page

from gate_controller.contract.call_media import MediaRelays, MediaSide
from tests.browser.coturn import coturn
from tests.browser.media_ends import CONNECTED, an_end
from tests.browser.seen_and_heard import LISTEN, TONE, hears
from web_admin.calls.models import HomeCall
from web_admin.calls.relays import relays_of
from web_admin.core.config import SECRET_BYTES, WebConfig

pytestmark = [pytest.mark.browser, pytest.mark.wide]

SECRET = secrets.token_hex(32)
RELAY_ALONE = """
() => {
  const Connection = RTCPeerConnection;
  window.RTCPeerConnection = class extends Connection {
    constructor(config) { super({ ...config, iceTransportPolicy: "relay" }); }
  };
}
"""
OFFER = "async (relays) => { window.end = new media.GateEnd({ ...hooks, relays }); return end.offer(); }"
ANSWER = (
    "async ([offer, relays]) => "
    "{ window.end = new media.PhoneEnd({ ...hooks, relays }); return end.answer(offer); }"
)
WAYS = """
async () => {
  const all = [...(await end.connection.getStats()).values()];
  const used = all.filter((one) => one.type === "candidate-pair" && one.nominated);
  const kindOf = (id) => all.find((one) => one.id === id).candidateType;
  return used.map((one) => kindOf(one.localCandidateId));
}
"""


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with coturn(tmp_path_factory.mktemp("coturn"), SECRET) as address:
        yield address


@pytest.fixture
def ends(browser: Browser) -> Iterator[tuple[Page, Page]]:
    """Give the gate's end and the phone's end, which may use the relay and nothing else."""
    pages = (an_end(browser), an_end(browser))
    for page in pages:
        page.evaluate(RELAY_ALONE)
    yield pages
    for page in pages:
        page.context.close()


def relays(relay: str, *, secret: str = SECRET, began_ago: timedelta = timedelta()) -> Any:
    call = HomeCall(call_id="3f2a", started_at=datetime.now(UTC) - began_ago)
    key = bytes(SECRET_BYTES)
    config = WebConfig(
        public_url="http://localhost",
        data_dir=Path(),
        secrets_dir=Path(),
        seal_key=key,
        lookup_key=key,
        face_key=key,
        session_key=key,
        totp_key=key,
        password_salt=key,
        turn_servers=(relay,),
        turn_secret=secret,
    )
    found = relays_of(config, call)
    assert found is not None
    # As it comes to a page: through the contract's strict struct.
    return msgspec.to_builtins(msgspec.json.decode(msgspec.json.encode(found), type=MediaRelays))


def test_both_ends_meet_at_the_relay_and_are_heard_there(relay: str, ends: tuple[Page, Page]) -> None:
    gate, phone = ends
    given = relays(relay)
    offer = gate.evaluate(OFFER, given)
    assert {one["kind"] for one in offer["candidates"]} == {"relay"}
    answer = phone.evaluate(ANSWER, [msgspec.to_builtins(msgspec.convert(offer, MediaSide)), given])
    gate.evaluate("(answer) => end.accept(answer)", answer)
    gate.evaluate(TONE, 880)
    gate.evaluate("end.sendSound(tone.out.stream.getAudioTracks()[0])")
    phone.wait_for_function(CONNECTED)
    phone.evaluate(f"({LISTEN})(streams)")
    assert hears(phone, 880)
    assert gate.evaluate(WAYS) == ["relay"]


@pytest.mark.parametrize(
    "right",
    [
        pytest.param({"secret": "another" * 8}, id="with another secret"),
        pytest.param({"began_ago": timedelta(minutes=6)}, id="after the call"),
    ],
)
def test_a_right_of_another_secret_or_of_a_call_that_is_over_opens_no_relay(
    relay: str, ends: tuple[Page, Page], right: dict[str, Any]
) -> None:
    assert ends[0].evaluate(OFFER, relays(relay, **right))["candidates"] == []
    assert ends[1].evaluate(OFFER, relays(relay))["candidates"] != []
