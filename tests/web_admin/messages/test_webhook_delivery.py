"""Webhooks by real sockets: signed, checked by name, bounded in time, and to no address that may not be."""

import base64
import hashlib
import hmac
import socket
import threading
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import msgspec
import pytest

from tests.support.peers import hook_peer, make_certificate, slow_peer
from tests.web_admin.messages.sending import (
    FAILED,
    KEY,
    LATER,
    OLD_KEY,
    SENT,
    add_hook,
    the_message,
)
from web_admin.core.database import Menjin
from web_admin.messages.delivery import deliver
from web_admin.messages.errors import NotSent
from web_admin.messages.outbox import EVERY_WEBHOOK, put_message
from web_admin.messages.webhook_delivery import KEY_PURPOSE, post, shown_key, signature
from web_admin.policy.effects import PolicyEffects

pytestmark = pytest.mark.both_databases


@pytest.fixture
def menjin(web_config, database, sealer, site, clock):
    web_config.secrets_dir.mkdir()
    return Menjin(web_config, database, sealer, clock, PolicyEffects(sealer))


@pytest.fixture
def hook():
    with hook_peer() as peer:
        yield peer


@pytest.fixture
def put(menjin, site, clock):
    def put(channel="webhook", target=EVERY_WEBHOOK, kind="alarm_raised", **body):
        with menjin.database.session() as session:
            put_message(session, site, channel=channel, target=target, kind=kind, body=body, now=clock.now)

    return put


# -- webhooks ----------------------------------------------------------------------------------------


def test_a_receiver_can_prove_who_sent_a_message_and_when_by_the_documented_headers(
    menjin, site, put, hook, clock
):
    add_hook(menjin, site, hook.url)
    put(gate_id="north", number=3)
    assert deliver(menjin) == SENT
    ((headers, body),) = hook.taken
    signed = f"{headers['webhook-id']}.{int(clock.now.timestamp())}.".encode() + body
    key = base64.b64decode(shown_key(KEY).removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert headers["webhook-timestamp"] == str(int(clock.now.timestamp()))
    assert msgspec.json.decode(body) == {
        "type": "alarm_raised",
        "timestamp": clock.now.isoformat(),
        "data": {"gate_id": "north", "number": 3},
    }


def test_any_change_of_body_id_or_second_changes_the_signature():
    good = signature(KEY, "id", 1_000, b"body")
    assert good not in {
        signature(KEY, "id", 1_000, b"bodY"),
        signature(KEY, "iD", 1_000, b"body"),
        signature(KEY, "id", 1_001, b"body"),
        signature(OLD_KEY, "id", 1_000, b"body"),
    }


def test_after_a_change_of_the_key_both_sign_until_the_old_one_ends(menjin, site, put, hook, clock):
    old = menjin.sealer.seal(OLD_KEY, purpose=KEY_PURPOSE)
    until = clock.now + timedelta(hours=24)
    add_hook(menjin, site, hook.url, old_signing_key_sealed=old, old_until=until)
    put()
    deliver(menjin)
    clock.now = until
    put()
    deliver(menjin)
    counts = [len(headers["webhook-signature"].split(" ")) for headers, _body in hook.taken]
    assert counts == [2, 1]


def test_a_redirect_is_not_followed(menjin, site, put, hook):
    with hook_peer() as elsewhere:
        hook.status, hook.headers = 307, {"Location": elsewhere.url}
        add_hook(menjin, site, hook.url)
        put()
        assert deliver(menjin) == LATER
        assert (len(hook.taken), elsewhere.taken) == (1, [])
    assert the_message(menjin).trouble == "http_307"


def test_a_receiver_that_says_it_is_gone_is_not_asked_again(menjin, site, put, hook):
    hook.status = 410
    add_hook(menjin, site, hook.url)
    put()
    assert deliver(menjin) == FAILED
    assert the_message(menjin).state == "failed"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/load",
        "http://localhost:{port}/load",
        "http://[::1]:{port}/load",
        "https://127.0.0.1:{port}/load",
        "http://127.9.8.7:{port}/load",
        "http://[::ffff:127.0.0.1]:{port}/load",
    ],
)
def test_nothing_reaches_a_port_of_this_machine_that_web_toml_does_not_name(menjin, site, put, url, hook):
    port = int(str(urlsplit(hook.url).port))
    strict = replace(menjin, config=replace(menjin.config, webhook_ports=(port + 1,)))
    add_hook(menjin, site, url.format(port=port))
    put()
    assert deliver(strict) == FAILED
    assert (the_message(menjin).trouble, hook.taken) == ("webhook_local_port", [])


def test_a_name_that_leads_to_this_machine_reaches_no_unnamed_port_either(menjin, site, put, monkeypatch):
    # The name leads into the world when the address is typed, and here when the message goes.
    here = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 2019))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_asked, **_more: here)
    strict = replace(menjin, config=replace(menjin.config, webhook_ports=()))
    add_hook(menjin, site, "https://hooks.example.org:2019/load")
    put()
    assert deliver(strict) == FAILED
    assert the_message(menjin).trouble == "webhook_local_port"


@pytest.mark.parametrize(
    ("url", "trouble"),
    [
        ("http://192.0.2.7/take", "webhook_forbidden_address"),
        ("https://169.254.169.254/latest", "webhook_forbidden_address"),
        ("https://user:word@127.0.0.1/take", "webhook_login_in_address"),
        ("ftp://127.0.0.1/take", "webhook_address"),
        ("https://127.0.0.1:99999/take", "webhook_address"),
    ],
)
def test_an_address_that_may_not_be_used_is_given_up_at_once(menjin, site, put, url, trouble):
    add_hook(menjin, site, url)
    put()
    assert deliver(menjin) == FAILED
    assert the_message(menjin).trouble == trouble


def test_tls_checks_the_name_although_the_address_is_pinned(menjin, site, put, tmp_path, monkeypatch):
    certificate = make_certificate(tmp_path)
    with hook_peer(certificate) as peer:
        add_hook(menjin, site, peer.url)
        put()
        assert deliver(menjin) == LATER
        assert the_message(menjin).trouble == "tls"
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
        menjin.clock.now += timedelta(minutes=2)
        assert deliver(menjin) == SENT
        assert peer.taken[0][0]["host"] == peer.url.split("/")[2]
        add_hook(menjin, site, peer.url.replace("localhost", "127.0.0.1"), "other_name")
        put(target="other_name")
        assert deliver(menjin) == LATER


def test_a_proxy_of_the_machine_is_not_used(menjin, site, put, hook, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    add_hook(menjin, site, hook.url)
    put()
    assert deliver(menjin) == SENT


@pytest.mark.parametrize(
    ("scheme", "first"),
    [("http", b"HTTP/1.1 2"), ("http", b""), ("https", b"\x16\x03\x03\x40\x00\x02")],
    ids=["a status without end", "no status", "a greeting of TLS without end"],
)
def test_a_receiver_that_sends_a_byte_now_and_then_is_given_up_when_its_time_is_over(scheme, first):
    with slow_peer(first) as (port, ended):
        # Without a time for the whole call this waits for the receiver, which ends only afterwards.
        after = threading.Timer(15, ended.set)
        after.start()
        with pytest.raises(NotSent, match="no_answer"):
            post(f"{scheme}://127.0.0.1:{port}/take", b"{}", {}, (port,), within_seconds=0.5)
        assert not ended.is_set()
        after.cancel()


def test_a_receiver_that_took_the_message_and_then_sends_headers_without_end_has_taken_it():
    with slow_peer(b"HTTP/1.1 202 Accepted\r\nX: ") as (port, ended):
        after = threading.Timer(15, ended.set)
        after.start()
        assert post(f"http://127.0.0.1:{port}/take", b"{}", {}, (port,), within_seconds=5) == 202
        assert not ended.is_set()
        after.cancel()
