"""Push messages by real sockets: to one browser alone, signed, in time, and to no address that may not be."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.support.peers import hook_peer, make_certificate
from tests.support.push_browser import PushBrowser, claims_of
from tests.web_admin.messages.sending import (
    FAILED,
    LATER,
    SENT,
    add_push_phone,
    messages,
    name_push_service,
    the_message,
)
from web_admin.core.database import Menjin
from web_admin.messages.delivery import DeliveryCounts, deliver
from web_admin.messages.errors import NotSent
from web_admin.messages.outbox import backlog, put_message
from web_admin.messages.push_delivery import CALL, CALL_OVER, STAFF_ALARM, service_of
from web_admin.messages.push_models import PushPhone
from web_admin.messages.push_phones import public_key
from web_admin.messages.subscriptions import RESIDENT_MESSAGE
from web_admin.messages.webhook_delivery import post
from web_admin.policy.effects import PolicyEffects

pytestmark = pytest.mark.both_databases
SAID = {"title": "Willow Court", "text": "您的访客已进门。", "lang": "zh-CN", "page": "/r/records/messages"}


@pytest.fixture
def menjin(web_config, database, sealer, site, clock):
    config = replace(web_config, public_url="https://gates.example.org")
    return Menjin(config, database, sealer, clock, PolicyEffects(sealer))


@pytest.fixture
def service(menjin):
    with hook_peer() as peer:
        peer.status = 201
        name_push_service(menjin, peer.url)
        yield peer


@pytest.fixture
def browser(menjin, site, service):
    made = PushBrowser(f"{service.url}/one")
    add_push_phone(menjin, site, made)
    return made


@pytest.fixture
def put(menjin, site, clock):
    def put(target="phone", kind=RESIDENT_MESSAGE, about="visitor_came"):
        body = {**SAID, "about": about}
        with menjin.database.session() as session:
            put_message(session, site, channel="push", target=target, kind=kind, body=body, now=clock.now)

    return put


def phones(menjin):
    with menjin.database.session() as session:
        return sorted(session.scalars(select(PushPhone.phone_id)))


def test_a_message_is_read_by_its_browser_alone_and_signed_with_the_key_that_the_browser_was_given(
    menjin, site, service, browser, put, clock
):
    put()
    assert deliver(menjin) == SENT
    ((headers, body),) = service.taken
    shown = json.loads(browser.read(body))
    assert shown["web_push"] == 8030
    assert (shown["notification"]["title"], shown["notification"]["body"]) == (
        "Willow Court",
        "您的访客已进门。",
    )
    assert shown["notification"]["navigate"] == "https://gates.example.org/r/records/messages"
    assert shown["notification"]["lang"] == "zh-CN"
    assert headers["content-encoding"] == "aes128gcm"
    assert (headers["urgency"], headers["ttl"]) == ("normal", "86400")
    claims, key = claims_of(headers["authorization"], browser.endpoint)
    assert key == public_key(menjin.sealer, site)
    assert claims["sub"] == "https://gates.example.org"
    assert claims["exp"] == int((clock.now + timedelta(hours=12)).timestamp())
    assert [word for word in ("访客", "Willow") if word in str(headers) or word.encode() in body] == []
    assert (the_message(menjin).body, the_message(menjin).target) == ({}, "")


def test_a_newer_message_replaces_an_older_one_about_the_same_and_the_service_reads_no_kind(
    menjin, service, browser, put
):
    for about in ("visitor_came", "visitor_came", "card_stopped"):
        put(about=about)
    deliver(menjin)
    topics = [headers["topic"] for headers, _body in service.taken]
    assert sorted(map(topics.count, topics)) == [1, 2, 2]
    assert {len(topic) for topic in topics} == {32}


def test_an_alarm_is_urgent_and_no_news_after_an_hour(menjin, service, browser, put, clock):
    put(kind=STAFF_ALARM)
    clock.now += timedelta(minutes=59)
    assert deliver(menjin) == SENT
    ((headers, _body),) = service.taken
    assert (headers["urgency"], headers["ttl"]) == ("high", "60")
    put(kind=STAFF_ALARM)
    clock.now += timedelta(hours=1)
    assert deliver(menjin) == FAILED
    assert len(service.taken) == 1
    assert [row.state for row in messages(menjin)] == ["sent"]


def test_a_call_is_urgent_for_thirty_seconds_and_its_end_takes_its_place(
    menjin, service, browser, put, clock
):
    put(kind=CALL, about="one call")
    clock.now += timedelta(seconds=10)
    deliver(menjin)
    put(kind=CALL_OVER, about="one call")
    put(kind=CALL, about="another call")
    clock.now += timedelta(seconds=30)
    assert deliver(menjin) == DeliveryCounts(sent=1, failed=1)
    (rings, ends) = [headers for headers, _body in service.taken]
    assert [(one["urgency"], one["ttl"]) for one in (rings, ends)] == [("high", "20"), ("high", "43170")]
    assert rings["topic"] == ends["topic"]
    assert [json.loads(browser.read(body))["mutable"] for _headers, body in service.taken] == [True, True]


def test_a_call_is_sent_before_messages_that_wait_longer(menjin, service, browser, put, clock):
    put()
    clock.now += timedelta(seconds=1)
    put(kind=CALL, about="one call")
    deliver(menjin)
    assert [headers["urgency"] for headers, _body in service.taken] == ["high", "normal"]


@pytest.mark.parametrize("status", [404, 410])
def test_a_browser_that_its_service_has_no_more_is_deleted_with_all_that_waits_for_it(
    menjin, service, browser, put, status
):
    service.status = status
    put()
    put(about="card_stopped")
    assert deliver(menjin).failed == 1
    assert (phones(menjin), messages(menjin)) == ([], [])
    assert len(service.taken) == 1


@pytest.mark.parametrize("status", [429, 503])
def test_a_service_that_is_busy_is_tried_again_and_left_alone_meanwhile_but_no_other_one_is(
    menjin, site, service, browser, put, clock, status
):
    service.status = status
    add_push_phone(menjin, site, PushBrowser(f"{service.url}/two"), "second")
    put()
    put("second")
    with hook_peer() as other:
        name_push_service(menjin, other.url)
        add_push_phone(menjin, site, PushBrowser(other.url), "elsewhere")
        clock.now += timedelta(seconds=1)
        put("elsewhere")
        assert deliver(menjin) == DeliveryCounts(sent=1, later=1)
    assert (len(service.taken), len(other.taken)) == (1, 1)
    service.status = 201
    clock.now += timedelta(minutes=1)
    assert deliver(menjin).sent == 2
    assert phones(menjin) == ["elsewhere", "phone", "second"]


@pytest.mark.parametrize("status", [400, 403, 413])
def test_a_phone_that_its_service_refuses_holds_no_other_one_up(menjin, site, service, browser, put, status):
    add_push_phone(menjin, site, PushBrowser(f"{service.url}/two"), "second")
    service.status = status
    put()
    put("second")
    assert deliver(menjin) == DeliveryCounts(later=2)
    assert len(service.taken) == 2


def test_a_phone_that_was_removed_meanwhile_gets_nothing(menjin, service, put):
    put("gone")
    assert deliver(menjin) == FAILED
    assert (service.taken, messages(menjin)) == ([], [])


def test_a_service_that_the_operator_names_no_more_gets_nothing(menjin, service, browser, put):
    object.__setattr__(menjin, "config", replace(menjin.config, push_services=()))
    put()
    assert deliver(menjin) == FAILED
    assert (service.taken, phones(menjin)) == ([], [])


def test_an_unreachable_service_is_tried_again_and_is_no_alarm_of_the_offices(menjin, site, put):
    with hook_peer() as peer:
        name_push_service(menjin, peer.url)
        add_push_phone(menjin, site, PushBrowser(peer.url))
    put()
    assert deliver(menjin) == LATER
    assert the_message(menjin).trouble == "no_connection"
    with menjin.database.session() as session:
        assert backlog(session) == (0, None)


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/abc",
        "https://updates.push.services.mozilla.com/wpush/v2/abc",
        "https://web.push.apple.com/abc",
        "https://db5p.notify.windows.com/w/?token=abc",
        "https://push.example.org/abc",
    ],
)
def test_the_services_of_the_known_browsers_and_those_that_the_operator_names_are_used(endpoint):
    assert service_of(endpoint, ("push.example.org",))


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://push.example.net/abc",
        "https://fcm.googleapis.com.example.net/abc",
        "https://notfcm.googleapis.com.evil/abc",
        "https://xnotify.windows.com/abc",
        "http://fcm.googleapis.com/abc",
        "https://fcm.googleapis.com:8443/abc",
        "https://name:word@fcm.googleapis.com/abc",
        "https://127.0.0.1/abc",
        "https://127.0.0.1:9999/abc",
        "https://[::1]/abc",
        "https://169.254.169.254/latest",
        "https://192.168.1.1/",
        "file:///etc/passwd",
        "https://",
        "https://[",
        f"https://{'a.' * 100}push.apple.com/abc",
        "no address",
        "",
    ],
)
def test_no_other_address_is_a_push_service(endpoint):
    assert service_of(endpoint, ("127.0.0.1:8000",)) is None


def test_a_known_name_that_leads_into_a_private_network_gets_nothing(tmp_path, monkeypatch):
    with hook_peer(make_certificate(tmp_path)) as peer:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "localhost.pem"))
        assert post(peer.url, b"", {}, range(1, 65536)) == 204
        with pytest.raises(NotSent, match="forbidden"):
            post(peer.url, b"", {}, range(1, 65536), only_public=True)
    assert len(peer.taken) == 1
