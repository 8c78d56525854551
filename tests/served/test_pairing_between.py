"""Pairing with a machine between a real gate and the real server: what it can change, and what it can read.

The machine knows all that passes, answers either side as it likes and may compute as much as it wants. Only
`COMPARED` of the characters are searched for here, so that a search that is possible at all ends
within the test; twelve take 2^45 times as long and change nothing else.
"""

import base64
import itertools
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import quote

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import select

from gate_controller.contract.messages import (
    COUNTER_HEADER,
    GATE_HEADER,
    PAIR_COMMIT_PATH,
    PAIR_REVEAL_PATH,
    PHRASE_HEADER,
    SIGNATURE_HEADER,
    SITE_NAME_HEADER,
    PairCommit,
    PairOffer,
    PairReveal,
    PairState,
    Refusal,
)
from gate_controller.contract.signing import (
    REQUEST_DOMAIN,
    PairingKeys,
    pairing_commitment,
    pairing_phrase,
    public_bytes,
    request_message,
    sign,
)
from gate_controller.storage.policy_store import GateIdentity
from gate_controller.storage.secrets import CARD_KEY, IDENTITY, PIN_KEY, read_secret
from tests.served.pairing_parties import (
    Answer,
    Between,
    Call,
    Middle,
    approve,
    machine_between,
    new_code,
    pairing,
    phrase_on_the_page,
    unpaired_gate,
)
from tests.served.served_compound import Browser, ServedCompound
from tests.support.gates.bench import BenchGate
from web_admin.compound.models import Gate, Site
from web_admin.core.database import current_menjin

COMPARED = 3
JSON = {"Content-Type": "application/json"}


@dataclass
class Impostor:
    """A machine in the middle that pairs itself with the server in the gate's place."""

    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    sealing_key: X25519PrivateKey = field(default_factory=X25519PrivateKey.generate)
    false_root: bytes = field(default_factory=lambda: public_bytes(Ed25519PrivateKey.generate()))
    middle: Middle | None = None
    of_gate: PairCommit | None = None
    offered: PairOffer | None = None
    commits: int = 0

    @property
    def sealing_public_key(self) -> bytes:
        return self.sealing_key.public_key().public_bytes_raw()

    def commits_to(self, code: str, nonce: bytes) -> Answer:
        """Introduce itself to the server with the code that the gate brought."""
        assert self.middle is not None
        self.commits += 1
        body = PairCommit(
            code=code,
            gate_public_key=public_bytes(self.key),
            sealing_public_key=self.sealing_public_key,
            commitment=pairing_commitment(public_bytes(self.key), self.sealing_public_key, nonce),
        )
        return self.middle.forward(Call(PAIR_COMMIT_PATH, JSON, msgspec.json.encode(body)))

    def reveals(self, pair_id: str, nonce: bytes) -> Answer:
        """Show the server a nonce, signed as a gate signs."""
        assert self.middle is not None
        body, gate_id = msgspec.json.encode(PairReveal(gate_nonce=nonce)), f"pair:{pair_id}"
        message = request_message("POST", PAIR_REVEAL_PATH, body, gate_id, 1)
        signature = sign(self.key, REQUEST_DOMAIN, message)
        named = {GATE_HEADER: gate_id, COUNTER_HEADER: "1"}
        headers = {**JSON, **named, SIGNATURE_HEADER: base64.b64encode(signature).decode()}
        return self.middle.forward(Call(PAIR_REVEAL_PATH, headers, body))

    def at_server(self, offer: PairOffer, nonce: bytes) -> str:
        """Return the phrase that the manager's page shows for this nonce."""
        keys = PairingKeys(public_bytes(self.key), self.sealing_public_key, offer.root_public_key)
        return pairing_phrase(keys, nonce, offer.server_nonce, 12)

    def at_gate(self, gate_nonce: bytes, offer: PairOffer) -> str:
        """Return the phrase that the gate shows for what it was offered."""
        assert self.of_gate is not None
        keys = PairingKeys(
            self.of_gate.gate_public_key, self.of_gate.sealing_public_key, offer.root_public_key
        )
        return pairing_phrase(keys, gate_nonce, offer.server_nonce, 12)

    def an_offer(self) -> PairOffer:
        """Return one of the answers that the gate could be given."""
        return PairOffer(
            pair_id="00" * 8, root_public_key=self.false_root, server_nonce=secrets.token_bytes(16)
        )


@dataclass
class GateFirst(Impostor):
    """Hears the gate out, which fixes its phrase, then looks for a nonce that makes the server's equal."""

    gate_nonce: bytes = b""

    def __call__(self, call: Call) -> Answer:
        if call.path == PAIR_COMMIT_PATH:
            self.of_gate, self.offered = msgspec.json.decode(call.body, type=PairCommit), self.an_offer()
            return Answer(200, msgspec.json.encode(self.offered))
        if call.path == PAIR_REVEAL_PATH:
            self.gate_nonce = msgspec.json.decode(call.body, type=PairReveal).gate_nonce
        return Answer(200, msgspec.json.encode(PairState(state="waiting")))

    def attacks(self) -> tuple[bytes, Refusal]:
        """Return a nonce that makes the server's phrase equal, and what the server answers to it."""
        assert self.of_gate is not None
        assert self.offered is not None
        wanted = self.at_gate(self.gate_nonce, self.offered)
        answer = self.commits_to(self.of_gate.code, secrets.token_bytes(16))
        offer = msgspec.json.decode(answer.body, type=PairOffer)
        found = next(
            nonce for nonce in _nonces() if self.at_server(offer, nonce)[:COMPARED] == wanted[:COMPARED]
        )
        return found, msgspec.json.decode(self.reveals(offer.pair_id, found).body, type=Refusal)


@dataclass
class ServerFirst(Impostor):
    """Settles with the server, which fixes its phrase, then looks for an offer that makes the gate agree."""

    wanted: str = ""
    shown: str = ""
    gate_nonce: bytes = b""

    def __call__(self, call: Call) -> Answer:
        if call.path == PAIR_COMMIT_PATH:
            self.of_gate = msgspec.json.decode(call.body, type=PairCommit)
            nonce = secrets.token_bytes(16)
            offer = msgspec.json.decode(self.commits_to(self.of_gate.code, nonce).body, type=PairOffer)
            self.wanted = self.at_server(offer, nonce)
            assert self.reveals(offer.pair_id, nonce).status == 200
            # Any offer of as many as it likes: which one fits, the gate's nonce decides.
            self.offered = self.an_offer()
            return Answer(200, msgspec.json.encode(self.offered))
        if call.path == PAIR_REVEAL_PATH and not self.shown:
            assert self.offered is not None
            self.gate_nonce = msgspec.json.decode(call.body, type=PairReveal).gate_nonce
            self.shown = self.at_gate(self.gate_nonce, self.offered)
        return Answer(200, msgspec.json.encode(PairState(state="waiting")))

    def would_fit(self) -> PairOffer:
        """Return an offer for which the gate would have shown the phrase of the page."""
        offers = (self.an_offer() for _ in range(1 << (5 * COMPARED + 5)))
        return next(
            offer
            for offer in offers
            if self.at_gate(self.gate_nonce, offer)[:COMPARED] == self.wanted[:COMPARED]
        )


def _nonces() -> Iterator[bytes]:
    return (number.to_bytes(16, "big") for number in itertools.count())


@pytest.fixture
def manager(served: ServedCompound) -> Browser:
    return served.signed_in("manager")


@contextmanager
def controller_behind(
    served: ServedCompound, folder: Path, between: Between | None = None
) -> Iterator[tuple[Middle, BenchGate]]:
    """Lay out a controller that takes the machine in the middle for the server."""
    with (
        machine_between(served.address, between) as middle,
        unpaired_gate(folder / "gate", middle.address) as gate,
    ):
        yield middle, gate


def paths(middle: Middle) -> list[str]:
    return [call.path for call, _ in middle.passed if call.path in (PAIR_COMMIT_PATH, PAIR_REVEAL_PATH)]


@pytest.mark.wide
def test_an_attacker_who_hears_the_gate_first_cannot_use_the_nonce_that_it_finds(
    served: ServedCompound, manager: Browser, tmp_path: Path
) -> None:
    code, impostor = new_code(manager, "north"), GateFirst()
    with controller_behind(served, tmp_path, impostor) as (middle, gate):
        impostor.middle = middle
        with pairing(gate, code) as at_gate:
            assert len(at_gate.phrase()) == 12
            # Only now: a gate does not wait for an answer for as long as the search may take.
            found, refused = impostor.attacks()
            on_page = phrase_on_the_page(manager, "north")
        again = impostor.commits_to(code, found)
    assert refused.error == "nonce_wrong"
    assert on_page == "", "the manager is asked nothing"
    assert (again.status, paths(middle)) == (403, [PAIR_COMMIT_PATH, PAIR_REVEAL_PATH]), "one try for a code"


@pytest.mark.wide
def test_who_settles_with_the_server_first_has_one_blind_try_at_the_gate(
    served: ServedCompound, manager: Browser, tmp_path: Path
) -> None:
    code, impostor = new_code(manager, "north"), ServerFirst()
    with controller_behind(served, tmp_path, impostor) as (middle, gate):
        impostor.middle = middle
        with pairing(gate, code) as at_gate:
            on_screen, on_page = at_gate.phrase(), phrase_on_the_page(manager, "north")
    assert (on_screen, on_page) == (impostor.shown, impostor.wanted)
    assert on_screen != on_page
    assert impostor.would_fit() != impostor.offered, "it exists, and is found when it is too late"
    assert (impostor.commits, paths(middle)) == (1, [PAIR_COMMIT_PATH, PAIR_REVEAL_PATH])


def test_gate_and_server_of_this_version_show_the_same_four_by_four_characters(
    served: ServedCompound, manager: Browser, tmp_path: Path
) -> None:
    code = new_code(manager, "north")
    with unpaired_gate(tmp_path / "gate", served.address) as gate, pairing(gate, code) as at_gate:
        on_screen = at_gate.phrase()
        assert (len(on_screen), on_screen) == (16, phrase_on_the_page(manager, "north"))
        assert f"This gate will belong to: {name_of(served)}\n" in at_gate.screen
        approve(manager, "north")
        assert at_gate.end()[0] == 0


def name_of(served: ServedCompound) -> str:
    with served.compound.app.app_context(), current_menjin().database.session() as session:
        return session.scalars(select(Site.name)).one()


@pytest.mark.wide
def test_a_name_that_is_changed_on_the_way_gives_other_characters(
    served: ServedCompound, manager: Browser, tmp_path: Path
) -> None:
    code = new_code(manager, "north")
    false = {SITE_NAME_HEADER: quote("另一个小区"), PHRASE_HEADER: "16"}
    with (
        controller_behind(served, tmp_path, lambda call: replace(middle.forward(call), headers=false)) as (
            middle,
            gate,
        ),
        pairing(gate, code) as at_gate,
    ):
        on_screen, on_page = at_gate.phrase(), phrase_on_the_page(manager, "north")
    assert "另一个小区" in at_gate.screen
    assert (len(on_screen), len(on_page)) == (16, 16)
    assert on_screen != on_page


@pytest.mark.wide
@pytest.mark.parametrize("name", ["", "\x1b]0;gate\x07", "a\nb", "x" * 201])
def test_a_name_that_a_terminal_would_obey_ends_the_pairing(
    served: ServedCompound, manager: Browser, tmp_path: Path, name: str
) -> None:
    code = new_code(manager, "north")
    sent = {SITE_NAME_HEADER: quote(name)}
    with (
        controller_behind(served, tmp_path, lambda call: replace(middle.forward(call), headers=sent)) as (
            middle,
            gate,
        ),
        pairing(gate, code) as at_gate,
    ):
        assert at_gate.phrase() == ""
        status, said = at_gate.end()
    assert (status, at_gate.screen) == (1, "")
    assert "no name that can be shown" in said


def test_with_one_side_of_the_first_release_both_screens_agree_on_twelve_and_keys_pass_unread(
    served: ServedCompound, manager: Browser, tmp_path: Path
) -> None:
    code = new_code(manager, "north")
    with controller_behind(served, tmp_path) as (middle, gate):  # which passes no header on
        with pairing(gate, code) as at_gate:
            on_screen = at_gate.phrase()
            assert (len(on_screen), on_screen) == (12, phrase_on_the_page(manager, "north"))
            approve(manager, "north")
            assert at_gate.end()[0] == 0
        keys = [read_secret(gate.root / "secrets", name) for name in (CARD_KEY, PIN_KEY)]
        seen = middle.everything()
        identity = msgspec.json.decode(
            read_secret(gate.root / "secrets", IDENTITY, size=None), type=GateIdentity
        )
    with served.compound.app.app_context(), current_menjin().database.session() as session:
        row, sealer = session.get_one(Gate, "north"), current_menjin().sealer
        sealed = (row.card_key_sealed, row.pin_key_sealed)
        kept = [sealer.open(key or b"", purpose="gate-key") for key in sealed]
        site = session.get_one(Site, row.site_id)
    assert (keys, identity.root_public_key) == (kept, site.root_public_key)
    for key in keys:
        assert key not in seen
        assert base64.b64encode(key) not in seen


@pytest.mark.wide
def test_a_gate_whose_ids_or_keys_are_changed_on_the_way_does_not_take_them(
    served: ServedCompound, manager: Browser, tmp_path: Path
) -> None:
    code = new_code(manager, "north")

    def changed(call: Call) -> Answer:
        answer = middle.forward(call)
        return Answer(answer.status, answer.body.replace(b'"gate_id":"north"', b'"gate_id":"south"'))

    with controller_behind(served, tmp_path, changed) as (middle, gate):
        with pairing(gate, code) as at_gate:
            at_gate.phrase()
            approve(manager, "north")
            status, said = at_gate.end()
        assert list((gate.root / "secrets").iterdir()) == [], "nothing is written"
    assert status == 1
    assert "the card-key that came is not sealed to this gate" in said


@pytest.mark.wide
def test_a_gate_of_an_older_program_is_asked_to_update_and_keeps_its_code(
    served: ServedCompound, manager: Browser
) -> None:
    code = new_code(manager, "north")
    asked = {
        "code": code,
        "gate_public_key": base64.b64encode(bytes(32)).decode(),
        "nonce": base64.b64encode(bytes(16)).decode(),
        "hardware_name": "pi",
    }
    answer = served.browser().session.post(served.address + "/sync/v1/pair", json=asked, timeout=60)
    refusal = msgspec.json.decode(answer.content, type=Refusal)
    assert (answer.status_code, refusal.error) == (400, "pairing_outdated")
    assert "install the server's version of Menjin at the gate" in refusal.detail
    with machine_between(served.address) as middle:
        impostor = Impostor(middle=middle)
        assert impostor.commits_to(code, bytes(16)).status == 200, "the code is still good"


@pytest.mark.wide
@pytest.mark.parametrize("point", [bytes(32), b"\x01" + bytes(31), b"\xed" + b"\xff" * 30 + b"\x7f"])
def test_a_weak_sealing_key_uses_up_no_code(served: ServedCompound, manager: Browser, point: bytes) -> None:
    code = new_code(manager, "north")
    body = PairCommit(code=code, gate_public_key=bytes(32), sealing_public_key=point, commitment=bytes(32))
    with machine_between(served.address) as middle:
        answer = middle.forward(Call(PAIR_COMMIT_PATH, JSON, msgspec.json.encode(body)))
        refusal = msgspec.json.decode(answer.body, type=Refusal)
        assert (answer.status, refusal.error) == (400, "sealing_key_unusable")
        assert Impostor(middle=middle).commits_to(code, bytes(16)).status == 200
