"""What leaves the server: once, signed, again later, and not for ever; by real sockets on either database."""

import base64
import logging
import os
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

from tests.support.peers import hook_peer, mail_peer, slow_peer
from tests.support.scheduling import OpenCell, jobs_on, make_scheduler
from tests.web_admin.messages.sending import (
    LATER,
    SENT,
    add_hook,
    add_mail_server,
    messages,
    send_mail_to,
    the_message,
)
from web_admin.core.database import Database, Menjin, make_engine
from web_admin.messages.delivery import DELAYS, DeliveryCounts, deliver
from web_admin.messages.models import OutboxMessage, Webhook
from web_admin.messages.outbox import EVERY_WEBHOOK, backlog, put_message, try_again
from web_admin.operations import housekeeping, schema
from web_admin.operations.backup import write_backup
from web_admin.operations.backup_rows import restore_rows
from web_admin.policy.effects import PolicyEffects

pytestmark = pytest.mark.both_databases
ROOT = Path(__file__).resolve().parents[3]


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
        assert deliver(menjin) == DeliveryCounts()
        clock.now += timedelta(seconds=1)
        deliver(menjin)
    message = the_message(menjin)
    assert (message.state, message.trouble, message.tries) == ("failed", "http_500", len(DELAYS) + 1)
    assert len({headers["webhook-id"] for headers, _body in hook.taken}) == 1
    assert len({headers["webhook-timestamp"] for headers, _body in hook.taken}) == len(DELAYS) + 1
    clock.now += timedelta(days=3)
    assert deliver(menjin) == DeliveryCounts()
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
        assert deliver(menjin) == DeliveryCounts(sent=3, later=1)
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
    assert deliver(menjin) == DeliveryCounts()
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


@pytest.mark.wide
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


@pytest.mark.wide
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


@pytest.mark.wide
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
