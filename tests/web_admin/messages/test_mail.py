"""Mail by real sockets: in any language, by TLS as it was set, and nothing that a page could spy out."""

import base64
import email
import email.policy
import socket
import threading
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from tests.support.acting import manager
from tests.support.peers import hook_peer, mail_peer, make_certificate, slow_peer
from tests.web_admin.messages.sending import (
    FAILED,
    LATER,
    SENT,
    add_mail_server,
    name_mail_server,
    send_mail_to,
    the_message,
)
from web_admin.core.database import Menjin
from web_admin.messages.delivery import DeliveryCounts, deliver
from web_admin.messages.models import MailServer, OutboxMessage
from web_admin.messages.outbox import EVERY_WEBHOOK, put_message
from web_admin.policy.effects import PolicyEffects
from web_admin.settings.actions import save_mail_server

pytestmark = pytest.mark.both_databases


@pytest.fixture
def menjin(web_config, database, sealer, site, clock):
    web_config.secrets_dir.mkdir()
    return Menjin(web_config, database, sealer, clock, PolicyEffects(sealer))


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


def test_mail_that_waits_is_tried_at_once_when_the_server_is_set_right(menjin, site, put, mail, clock):
    add_mail_server(menjin, site, 1)
    send_mail_to(put)
    assert deliver(menjin) == LATER
    assert deliver(menjin) == DeliveryCounts()
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
