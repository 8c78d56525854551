"""What leaves the server: once, signed, again later, and not for ever; by real sockets on either database."""

import base64
import email
import email.policy
import hashlib
import hmac
import ipaddress
import logging
import os
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest
from sqlalchemy import select

from tests.support.acting import manager
from tests.support.peers import hook_peer, mail_peer, make_certificate, slow_peer
from tests.support.scheduling import OpenCell, jobs_on, make_scheduler
from web_admin.core.database import Database, Menjin, make_engine
from web_admin.messages.actions import remove_webhook
from web_admin.messages.addresses import is_public, trouble_of
from web_admin.messages.errors import NotSent
from web_admin.messages.models import MailServer, OutboxMessage, Webhook
from web_admin.messages.outbox import (
    DELAYS,
    EVERY_WEBHOOK,
    Delivered,
    backlog,
    deliver,
    put_message,
    try_again,
)
from web_admin.messages.webhook_delivery import KEY_PURPOSE, post, shown_key, signature
from web_admin.operations import housekeeping, schema
from web_admin.operations.backup import write_backup
from web_admin.operations.backup_rows import restore_rows
from web_admin.policy.effects import PolicyEffects
from web_admin.settings.actions import remove_mail_server, save_mail_server

pytestmark = pytest.mark.both_databases

KEY, OLD_KEY = b"k" * 32, b"o" * 32
ROOT = Path(__file__).resolve().parents[3]
SENT, LATER, FAILED = Delivered(sent=1), Delivered(later=1), Delivered(failed=1)


@pytest.fixture
def menjin(web_config, database, sealer, site, clock):
    web_config.secrets_dir.mkdir()
    return Menjin(web_config, database, sealer, clock, PolicyEffects(sealer))


@pytest.fixture
def hook():
    with hook_peer() as peer:
        yield peer


@pytest.fixture
def mail():
    with mail_peer() as peer:
        yield peer


@pytest.fixture
def put(menjin, site, clock):
    def put(channel="webhook", target=EVERY_WEBHOOK, kind="alarm_raised", **body):
        with menjin.database.session() as session:
            put_message(session, site, channel=channel, target=target, kind=kind, body=body, now=clock.now)

    return put


def add_hook(menjin, site, url, webhook_id="hook", kinds=("alarm_raised",), **more):
    sealed = menjin.sealer.seal(KEY, purpose=KEY_PURPOSE)
    with menjin.database.session() as session:
        session.add(
            Webhook(
                webhook_id=webhook_id,
                site_id=site,
                name="Property software",
                url=url,
                kinds=list(kinds),
                signing_key_sealed=sealed,
                created_at=menjin.clock(),
                **more,
            )
        )


def name_mail_server(menjin, host, port):
    """Let the operator name the mail server in web.toml."""
    object.__setattr__(menjin, "config", replace(menjin.config, mail_server=f"{host}:{port}"))


def add_mail_server(menjin, site, port, security="none", username="", host="127.0.0.1", *, named=True):
    if named:
        name_mail_server(menjin, host, port)
    with menjin.database.session() as session:
        session.add(
            MailServer(
                site_id=site,
                host=host,
                port=port,
                security=security,
                username=username,
                sender="office@example.org",
            )
        )


def send_mail_to(put, target="lin@example.org"):
    put("mail", target, "notice", subject="北门 is open", text="From now on.\n")


def messages(menjin):
    with menjin.database.session() as session:
        return session.scalars(select(OutboxMessage).order_by(OutboxMessage.created_at)).all()


def the_message(menjin):
    (message,) = messages(menjin)
    return message


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


def test_each_webhook_gets_only_the_kinds_it_takes_and_a_removed_one_nothing(menjin, site, put, hook, clock):
    add_hook(menjin, site, hook.url, "a")
    add_hook(menjin, site, hook.url, "b", kinds=["pass_used"])
    add_hook(menjin, site, hook.url, "c", ended_at=clock.now)
    put()
    put(kind="pass_used")
    put(kind="unwanted")
    put(target="c")
    assert sorted((m.target, m.kind) for m in messages(menjin)) == [("a", "alarm_raised"), ("b", "pass_used")]


def test_a_webhook_removed_while_its_message_waits_gets_nothing(menjin, site, put, hook, clock):
    add_hook(menjin, site, hook.url)
    put()
    with menjin.database.session() as session:
        session.get_one(Webhook, "hook").ended_at = clock.now
    assert deliver(menjin) == FAILED
    assert (hook.taken, the_message(menjin).trouble) == ([], "webhook_removed")


def test_what_waits_for_a_receiver_that_is_removed_is_given_up_and_no_more_late(
    menjin, site, put, hook, mail, clock
):
    add_hook(menjin, site, hook.url)
    add_hook(menjin, site, hook.url, "other")
    add_mail_server(menjin, site, mail.port)
    put(target="hook")
    put(target="other")
    send_mail_to(put)
    with menjin.database.session() as session:
        act = manager(session, menjin.sealer, site, clock.now)
        remove_webhook(act, "hook")
        assert {row.target: row.trouble for row in session.scalars(select(OutboxMessage))} == {
            "hook": "webhook_removed",
            "other": None,
            "lin@example.org": None,
        }
        remove_mail_server(act)
        assert backlog(session)[0] == 1
    assert (deliver(menjin), len(mail.mails), len(hook.taken)) == (SENT, 0, 1)


def test_mail_that_waits_is_tried_at_once_when_the_server_is_set_right(menjin, site, put, mail, clock):
    add_mail_server(menjin, site, 1)
    send_mail_to(put)
    assert deliver(menjin) == LATER
    assert deliver(menjin) == Delivered()
    with menjin.database.session() as session:
        save_mail_server(
            manager(session, menjin.sealer, site, clock.now),
            host="127.0.0.1",
            port=mail.port,
            security="none",
            username="",
            sender="gate@example.org",
            named=f"127.0.0.1:{mail.port}",
        )
    name_mail_server(menjin, "127.0.0.1", mail.port)
    assert (deliver(menjin), len(mail.mails)) == (SENT, 1)


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
    ("address", "plain", "inside_tls"),
    [
        ("127.0.0.1", True, True),
        ("::1", True, True),
        ("192.168.7.20", False, True),
        ("10.1.2.3", False, True),
        ("fd00::7", False, True),
        ("93.184.215.14", False, True),
        ("169.254.169.254", False, False),
        ("::ffff:169.254.169.254", False, False),
        ("fe80::1", False, False),
        ("224.0.0.1", False, False),
        ("0.0.0.0", False, False),  # noqa: S104 - nothing listens, it is refused
        ("255.255.255.255", False, False),
    ],
)
def test_messages_go_to_the_world_the_sites_network_or_this_machine_and_nowhere_else(
    address, plain, inside_tls
):
    parsed = ipaddress.ip_address(address)
    troubles = [trouble_of(parsed, 9000, https=https, local_ports=(9000,)) for https in (False, True)]
    assert [trouble is None for trouble in troubles] == [plain, inside_tls]


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


def test_a_slow_receiver_of_webhooks_holds_no_mail_up(menjin, site, put, mail):
    scheduler = make_scheduler(threads=3)
    with slow_peer(b"HTTP/1.1 200 OK\r\nX: ") as (port, ended):
        add_hook(menjin, site, f"http://127.0.0.1:{port}/take")
        add_mail_server(menjin, site, mail.port)
        put()
        send_mail_to(put)
        jobs_on(scheduler).add(OpenCell(menjin))
        scheduler.remove(lambda key: not key[1].startswith("outbox"))
        scheduler.start()
        last = threading.Timer(15, ended.set)
        last.start()
        while not mail.mails and not ended.is_set():
            ended.wait(0.05)
        assert (len(mail.mails), ended.is_set()) == (1, False)
        ended.set()
        last.cancel()
        scheduler.stop(60)


# -- mail --------------------------------------------------------------------------------------------


def test_a_mail_goes_with_its_text_in_any_language(menjin, site, put, mail):
    add_mail_server(menjin, site, mail.port)
    send_mail_to(put)
    assert deliver(menjin) == SENT
    ((receiver, text, _tls),) = mail.mails
    assert "lin@example.org" in receiver
    assert "From: office@example.org" in text
    assert "=?utf-8?" in text
    assert "Message-ID: <" in text
    assert mail.logins == []


def test_a_mail_of_short_lines_is_taken_by_a_server_of_seven_bits(menjin, site, put, mail):
    add_mail_server(menjin, site, mail.port)
    put("mail", "lin@example.org", "test", subject="门", text="服务器\n    menjin web run\n")
    assert deliver(menjin) == SENT
    ((_receiver, text, _tls),) = mail.mails
    taken = email.message_from_string(text, policy=email.policy.default)
    assert taken.get_content().splitlines() == ["服务器", "    menjin web run"]


def test_the_password_comes_from_a_file_or_the_environment_and_only_inside_tls(
    menjin, site, put, tmp_path, monkeypatch
):
    certificate = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    with mail_peer(certificate) as peer:
        add_mail_server(menjin, site, peer.port, "starttls", "office", "localhost")
        send_mail_to(put)
        assert deliver(menjin) == LATER
        assert the_message(menjin).trouble == "mail_no_password"
        (menjin.config.secrets_dir / "mail.password").write_text("from the file\n", encoding="utf-8")
        menjin.clock.now += timedelta(minutes=2)
        assert deliver(menjin) == SENT
        send_mail_to(put)
        other = replace(menjin, config=replace(menjin.config, mail_password="from outside"))
        assert deliver(other) == SENT
        said = [base64.b64decode(login.split(" ")[2]).split(b"\0")[2] for login in peer.logins]
        assert said == [b"from the file", b"from outside"]
        assert [tls for _receiver, _text, tls in peer.mails] == [True, True]


def test_the_operators_password_goes_to_no_server_but_the_one_they_named(
    menjin, site, put, tmp_path, monkeypatch
):
    certificate = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    (menjin.config.secrets_dir / "mail.password").write_text("the operator's\n", encoding="utf-8")
    with mail_peer(certificate) as operators, mail_peer(certificate) as managers:
        add_mail_server(menjin, site, managers.port, "starttls", "office", "localhost", named=False)
        send_mail_to(put)
        deliver(menjin)
        name_mail_server(menjin, "localhost", operators.port)
        menjin.clock.now += timedelta(minutes=2)
        deliver(menjin)
        assert managers.logins == [], "a manager's own server was sent the operator's password"
        assert the_message(menjin).trouble == "mail_password_elsewhere"
        name_mail_server(menjin, "LOCALHOST", managers.port)
        menjin.clock.now += timedelta(minutes=6)
        assert deliver(menjin) == SENT


def test_the_page_says_the_same_of_closed_open_and_silent_ports_of_this_machine(menjin, site, put):
    silent = slow_peer(b"SSH-2.0-x")
    with mail_peer() as smtp, hook_peer() as web, silent as (slow, ended), socket.socket() as shut:
        shut.bind(("127.0.0.1", 0))
        words = {}
        for port in (smtp.port, int(str(urlsplit(web.url).port)), slow, shut.getsockname()[1]):
            with menjin.database.session() as session:
                for row in (*session.scalars(select(OutboxMessage)), *session.scalars(select(MailServer))):
                    session.delete(row)
            add_mail_server(menjin, site, port, named=False)
            send_mail_to(put)
            after = threading.Timer(5, ended.set)
            after.start()
            assert deliver(menjin) == LATER
            after.cancel()
            words[port] = the_message(menjin).trouble
        ended.set()
    assert set(words.values()) == {"mail_not_reached"}, words
    assert smtp.mails == []


@pytest.mark.parametrize("host", ["10.1.2.3", "169.254.169.254", "::1", "fd00::7", "no-such-name.invalid"])
def test_only_the_operator_names_a_mail_server_outside_the_world(menjin, site, put, host):
    add_mail_server(menjin, site, 587, "starttls", "", host, named=False)
    send_mail_to(put)
    assert deliver(menjin) == LATER
    assert the_message(menjin).trouble == "mail_not_reached"


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:4700::1", True),
        ("127.0.0.1", False),
        ("192.168.7.20", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("::ffff:10.0.0.1", False),
        ("::1", False),
        ("2002:7f00:1::", False),
        ("fd00::7", False),
        ("224.0.0.1", False),
        ("0.0.0.0", False),  # noqa: S104
    ],
)
def test_what_counts_as_an_address_of_the_world(address, public):
    assert is_public(ipaddress.ip_address(address)) is public


def test_a_mail_server_without_the_tls_it_should_have_gets_neither_password_nor_mail(menjin, site, put, mail):
    (menjin.config.secrets_dir / "mail.password").write_text("word\n", encoding="utf-8")
    add_mail_server(menjin, site, mail.port, "starttls", "office")
    send_mail_to(put)
    assert deliver(menjin) == LATER
    assert (mail.mails, mail.logins, the_message(menjin).trouble) == ([], [], "mail_no_tls_or_login")


def test_a_mail_server_with_an_untrusted_certificate_gets_nothing(menjin, site, put, tmp_path):
    with mail_peer(make_certificate(tmp_path)) as peer:
        add_mail_server(menjin, site, peer.port, "starttls", "", "localhost")
        send_mail_to(put)
        assert deliver(menjin) == LATER
        assert (peer.mails, the_message(menjin).trouble) == ([], "tls")


def test_without_tls_mail_goes_to_this_machine_alone(menjin, site, put):
    add_mail_server(menjin, site, 25, "none", "", "192.0.2.7")
    send_mail_to(put)
    assert deliver(menjin) == LATER
    assert the_message(menjin).trouble == "mail_not_set_up"


@pytest.mark.parametrize(
    ("says", "trouble", "state"),
    [
        ({"RCPT": "550 nobody"}, "mail_refused_550", "failed"),
        ({"RCPT": "451 later"}, "mail_refused_451", "waiting"),
        ({"TEXT": "554 spam"}, "mail_refused_554", "failed"),
        ({"GREETING": "554 not now"}, "mail_refused_554", "waiting"),
        ({"MAIL": "452 full"}, "mail_refused_452", "waiting"),
    ],
)
def test_what_the_mail_server_refuses_is_tried_again_only_where_that_can_help(
    menjin, site, put, mail, says, trouble, state
):
    mail.says = says
    add_mail_server(menjin, site, mail.port)
    send_mail_to(put)
    deliver(menjin)
    message = the_message(menjin)
    assert (message.trouble, message.state) == (trouble, state)


@pytest.mark.parametrize("target", ["lin@example.org\nBcc: all@example.org", "lin@example.org\r\n\r\nbody"])
def test_a_line_break_in_an_address_is_no_second_header(menjin, site, put, mail, target):
    add_mail_server(menjin, site, mail.port)
    send_mail_to(put, target)
    assert deliver(menjin) == FAILED
    assert (mail.mails, the_message(menjin).trouble) == ([], "mail_bad_address")


def test_a_mail_needs_its_two_parts_and_a_receiver(put):
    with pytest.raises(ValueError, match="subject"):
        put("mail", "lin@example.org", "notice", subject="only")
    with pytest.raises(ValueError, match="target"):
        put("mail", "", "notice", subject="s", text="t")


# -- once, later, never ------------------------------------------------------------------------------


def test_a_message_is_tried_again_with_growing_delay_and_under_the_same_id_until_the_end(
    menjin, site, put, hook, clock
):
    hook.status = 500
    add_hook(menjin, site, hook.url)
    put()
    assert deliver(menjin) == LATER
    for delay in DELAYS:
        clock.now += delay - timedelta(seconds=1)
        assert deliver(menjin) == Delivered()
        clock.now += timedelta(seconds=1)
        deliver(menjin)
    message = the_message(menjin)
    assert (message.state, message.trouble, message.tries) == ("failed", "http_500", len(DELAYS) + 1)
    assert len({headers["webhook-id"] for headers, _body in hook.taken}) == 1
    assert len({headers["webhook-timestamp"] for headers, _body in hook.taken}) == len(DELAYS) + 1
    clock.now += timedelta(days=3)
    assert deliver(menjin) == Delivered()
    assert list(DELAYS) == sorted(DELAYS)


def test_what_failed_can_be_tried_once_more(menjin, site, put, hook):
    hook.status = 410
    add_hook(menjin, site, hook.url)
    put()
    deliver(menjin)
    hook.status = 200
    with menjin.database.session() as session:
        try_again(session, session.scalars(select(OutboxMessage)).one(), menjin.clock())
    assert deliver(menjin) == SENT


def test_one_receiver_that_is_away_holds_up_no_other(menjin, site, put, hook):
    with hook_peer() as away:
        away.status = 503
        add_hook(menjin, site, away.url, "away")
        add_hook(menjin, site, hook.url, "well")
        for _time in range(3):
            put()
        assert deliver(menjin) == Delivered(sent=3, later=1)
        assert (len(away.taken), len(hook.taken)) == (1, 3)
        assert backlog_of(menjin) == 3


def backlog_of(menjin):
    with menjin.database.session() as session:
        return backlog(session)[0]


def test_many_senders_at_once_send_each_message_once(menjin, site, put, hook):
    add_hook(menjin, site, hook.url)
    for number in range(12):
        put(number=number)
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _n: deliver(menjin), range(4)))
    assert sum(one.sent for one in done) == 12
    assert sorted(msgspec.json.decode(body)["data"]["number"] for _h, body in hook.taken) == list(range(12))


def test_a_sender_that_died_lets_its_message_go_again_only_when_its_claim_has_run_out(
    menjin, site, put, hook, clock
):
    add_hook(menjin, site, hook.url)
    put()
    with menjin.database.session() as session:
        message = session.scalars(select(OutboxMessage)).one()
        message.claim, message.claimed_until = "dead", clock.now + timedelta(minutes=10)
    assert deliver(menjin) == Delivered()
    clock.now += timedelta(minutes=10, seconds=1)
    assert deliver(menjin) == SENT


def test_a_message_of_a_transaction_that_is_undone_was_never_put(menjin, site, hook, clock):
    add_hook(menjin, site, hook.url)
    with pytest.raises(ZeroDivisionError), menjin.database.session() as session:
        put_message(
            session,
            site,
            channel="webhook",
            target=EVERY_WEBHOOK,
            kind="alarm_raised",
            body={},
            now=clock.now,
        )
        raise ZeroDivisionError
    assert messages(menjin) == []


# -- what stays --------------------------------------------------------------------------------------


def test_nothing_personal_stays_once_a_mail_is_sent_and_all_of_it_goes_after_two_weeks(
    menjin, site, put, mail, clock
):
    add_mail_server(menjin, site, mail.port)
    send_mail_to(put)
    deliver(menjin)
    message = the_message(menjin)
    assert (message.target, message.body, message.state) == ("", {}, "sent")
    housekeeping.run(menjin, clock.now + timedelta(days=14))
    assert len(messages(menjin)) == 1
    housekeeping.run(menjin, clock.now + timedelta(days=14, seconds=1))
    assert messages(menjin) == []


def test_logs_name_neither_receiver_nor_text(menjin, site, put, mail, caplog):
    mail.says = {"RCPT": "550 no such lin@example.org"}
    add_mail_server(menjin, site, mail.port)
    send_mail_to(put)
    with caplog.at_level(logging.DEBUG):
        deliver(menjin)
    assert "mail_refused_550" in caplog.text
    assert [word for word in ("lin@", "example.org", "北门", "From now") if word in caplog.text] == []


def test_a_restored_server_sends_nothing_a_second_time(menjin, site, put, hook, clock, tmp_path):
    from alembic import command

    with menjin.database.engine.begin() as connection:
        config = schema._alembic()
        config.attributes["connection"] = connection
        command.stamp(config, "head")
    add_hook(menjin, site, hook.url)
    put()
    write_backup(menjin.database, menjin.config, "passphrase", tmp_path / "backup", clock.now)
    back = Database(make_engine(f"sqlite:///{tmp_path / 'back.sqlite3'}"))
    restore_rows(back, "passphrase", tmp_path / "backup")
    with back.session() as session:
        assert session.scalars(select(OutboxMessage)).all() == []
        assert session.get_one(Webhook, "hook").url == hook.url
    back.engine.dispose()


def test_the_command_sends_what_is_due(menjin, web_config, site, put, hook, tmp_path):
    environment = {
        **os.environ,
        "MENJIN_DATABASE_URL": web_config.database_url,
        "MENJIN_PUBLIC_URL": web_config.public_url,
        "MENJIN_WEBHOOK_PORTS": f"{urlsplit(hook.url).port}, 9000",
    }
    for name in ("seal", "lookup", "face", "session", "totp", "password_salt"):
        path = web_config.secrets_dir / f"{name}.key"
        path.touch(mode=0o600)
        path.write_bytes(base64.b64encode(bytes(32)))
    menjin = replace(menjin, sealer=type(menjin.sealer)(bytes(32), bytes(32)))
    add_hook(menjin, site, hook.url)
    put()
    done = subprocess.run(
        [sys.executable, "-m", "menjin", "web", "deliver", "--data-dir", str(tmp_path)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("1 sent, 0 to be tried again, 0 given up.\n", 0), done.stderr
