"""The pages of webhooks: a key shown once, refused addresses, tests, and what was given up."""

import re

import pytest
from sqlalchemy import select

from tests.support.act_previews import done
from tests.support.compounds.resident import csrf_of
from tests.support.peers import hook_peer
from tests.web_admin.manage.settings_pages import send
from web_admin.alarms.actions import raise_alarm
from web_admin.alarms.models import Alarm
from web_admin.core.database import current_menjin
from web_admin.messages.delivery import deliver
from web_admin.messages.models import OutboxMessage, Webhook
from web_admin.messages.subscriptions import RESIDENT_MESSAGE
from web_admin.messages.texts import WEBHOOK_KINDS


@pytest.fixture
def client(compound):
    return compound.signed_in("manager")


@pytest.fixture
def rows(compound):
    def read(work):
        with compound.app.app_context(), current_menjin().database.session() as session:
            return work(session)

    return read


@pytest.fixture
def send_all(compound):
    def send_all():
        with compound.app.app_context():
            return deliver(current_menjin())

    return send_all


# -- webhooks ----------------------------------------------------------------------------------------


def add_hook(client, url, kinds=("alarm_raised", "alarm_acknowledged")):
    return send(client, "/manage/settings/webhooks/new", name="Property software", url=url, kinds=list(kinds))


@pytest.mark.wide
def test_a_key_is_shown_once_and_never_again(client, rows):
    shown = add_hook(client, "https://example.org/take")
    key = re.search(r"whsec_[A-Za-z0-9+/=]+", shown.text)[0]
    hook = rows(lambda s: s.scalars(select(Webhook)).one())
    page = f"/manage/settings/webhooks/{hook.webhook_id}"
    assert key not in client.get(page).text
    changed = done(client, send(client, page, f"{page}/key", form=1))
    other = re.search(r"whsec_[A-Za-z0-9+/=]+", changed.text)[0]
    assert other != key
    assert "signs beside the new one until" in client.get(page).text
    done(client, send(client, page, f"{page}/remove", form=2))
    assert rows(lambda s: s.get(Webhook, hook.webhook_id)).ended_at is not None


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "https://169.254.169.254/",
        "https://a:b@example.org",
        "file:///etc/passwd",
        "https://",
    ],
)
def test_an_address_that_may_not_be_is_refused_beside_it(client, url):
    answer = add_hook(client, url)
    assert answer.status_code == 422
    assert 'id="url-wrong-1"' in answer.text
    assert "Property software" in answer.text


@pytest.mark.wide
def test_a_test_and_an_alarm_reach_the_other_system_but_never_a_duress(client, compound, rows, send_all):
    with hook_peer() as peer:
        add_hook(client, peer.url)
        hook = rows(lambda s: s.scalars(select(Webhook)).one())
        page = f"/manage/settings/webhooks/{hook.webhook_id}"
        send(client, page, f"{page}/test")
        for kind in ("alarm_door_forced", "alarm_duress"):
            rows(lambda s, kind=kind: raise_alarm(s, compound.site_id, kind, compound.clock()))
        alarm = rows(lambda s: s.scalars(select(Alarm).where(Alarm.kind == "alarm_door_forced")).one())
        now = client.get("/manage/").text
        client.post(f"/manage/alarms/{alarm.alarm_id}/acknowledge", data={"csrf_token": csrf_of(now)})
        assert send_all().sent == 3
        bodies = " ".join(body.decode() for _headers, body in peer.taken)
        assert [word for word in ('"test"', "alarm_raised", "alarm_acknowledged") if word not in bodies] == []
        assert "duress" not in bodies
    assert client.get(page).text.count("Sent") >= 3


@pytest.mark.wide
def test_what_was_given_up_says_why_and_can_be_sent_once_more(client, rows, send_all):
    with hook_peer() as peer:
        peer.status = 410
        add_hook(client, peer.url)
        hook = rows(lambda s: s.scalars(select(Webhook)).one())
        page = f"/manage/settings/webhooks/{hook.webhook_id}"
        send(client, page, f"{page}/test")
        send_all()
        assert "answered with status 410" in client.get(page).text
        message = rows(lambda s: s.scalars(select(OutboxMessage)).one())
        peer.status = 200
        send(client, page, f"/manage/settings/webhooks/messages/{message.message_id}/again", form=3)
        assert send_all().sent == 1


def test_every_kind_that_is_sent_to_webhooks_can_be_chosen():
    assert {RESIDENT_MESSAGE, "alarm_raised", "alarm_acknowledged", "alarm_over"} == set(WEBHOOK_KINDS)
