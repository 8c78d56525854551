"""A webhook that is removed gets nothing more, and what waited for it is given up."""

import pytest
from sqlalchemy import select

from tests.support.acting import manager
from tests.support.peers import hook_peer, mail_peer
from tests.web_admin.messages.sending import (
    FAILED,
    SENT,
    add_hook,
    add_mail_server,
    messages,
    send_mail_to,
    the_message,
)
from web_admin.core.database import Menjin
from web_admin.messages.actions import remove_webhook
from web_admin.messages.delivery import deliver
from web_admin.messages.models import OutboxMessage, Webhook
from web_admin.messages.outbox import EVERY_WEBHOOK, backlog, put_message
from web_admin.policy.effects import PolicyEffects
from web_admin.settings.actions import remove_mail_server

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
def mail():
    with mail_peer() as peer:
        yield peer


@pytest.fixture
def put(menjin, site, clock):
    def put(channel="webhook", target=EVERY_WEBHOOK, kind="alarm_raised", **body):
        with menjin.database.session() as session:
            put_message(session, site, channel=channel, target=target, kind=kind, body=body, now=clock.now)

    return put


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
