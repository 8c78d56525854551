"""A push service carries the standard's own example, on both ends, and cannot read it."""

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec

from tests.support.push_browser import PushBrowser, data_of
from web_admin.core.sealing import Sealer
from web_admin.messages.push_encryption import (
    Subscription,
    encrypted,
    from_base64url,
    public_bytes,
    sending_key,
)

# RFC 8291, section 5 and appendix A
TEXT = b"When I grow up, I want to be a watermelon"
SENDER = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
RECEIVER = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
AUTH, SALT = "BTBZMqHH6r4Tts7J_aSIgg", "DGv6ra1nlYgDCS1FRnbzlw"
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A"
    "_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def key_of(text: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(data_of(text), "big"), ec.SECP256R1())


@pytest.fixture
def browser() -> PushBrowser:
    return PushBrowser("https://push.example.net/1", key_of(RECEIVER), data_of(AUTH))


def of(browser: PushBrowser) -> Subscription:
    return Subscription(browser.endpoint, browser.point, browser.auth)


def test_the_standards_example_is_encrypted_to_the_letter_and_read_on_the_other_end(browser):
    sent = encrypted(TEXT, of(browser), padded_bytes=0, key=key_of(SENDER), salt=data_of(SALT))
    assert sent == data_of(BODY)
    assert browser.read(sent) == TEXT


def test_a_short_and_a_long_text_are_equally_long_and_no_two_messages_alike(browser):
    short, long = (encrypted(text, of(browser)) for text in (b"a", "长".encode() * 600))
    assert len(short) == len(long) == 86 + 2048 + 16
    assert browser.read(short) == b"a"
    assert encrypted(b"a", of(browser)) != short


def test_another_browser_reads_nothing_and_a_text_that_does_not_fit_is_not_sent(browser):
    other = PushBrowser(browser.endpoint)
    with pytest.raises(InvalidTag):
        other.read(encrypted(TEXT, of(browser)))
    with pytest.raises(ValueError, match="does not fit"):
        encrypted(b"a" * 4000, of(browser))


def test_the_signing_key_comes_from_the_servers_keys_alone_and_differs_by_site():
    keys = [bytes([number]) * 32 for number in range(4)]
    one, restored, other = Sealer(keys[0], keys[1]), Sealer(keys[2], keys[1]), Sealer(keys[0], keys[3])
    found = [public_bytes(sending_key(sealer, "site")) for sealer in (one, restored, other)]
    assert found[0] == found[1] != found[2]
    assert public_bytes(sending_key(one, "another")) != found[0]


@pytest.mark.parametrize("text", ["a", "é", "ab cd"])
def test_what_is_no_base64url_is_refused(text):
    with pytest.raises(ValueError, match=r"(?i)base64|ascii|incorrect"):
        from_base64url(text)
