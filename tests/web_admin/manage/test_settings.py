"""The pages of settings: mail, webhooks and updates."""

import re
from dataclasses import replace

import pytest
from sqlalchemy import select

from tests.support.act_previews import done
from tests.support.compounds.many_gates import add_stairwells
from tests.support.compounds.resident import csrf_of
from tests.support.peers import hook_peer, mail_peer
from tests.web_admin.manage.settings_pages import SITE, send
from web_admin.alarms.actions import raise_alarm
from web_admin.alarms.models import Alarm
from web_admin.calls.gate_telephones import DEVICE, VOICE
from web_admin.compound.models import Gate, Site
from web_admin.core.config import whole_numbers
from web_admin.core.database import current_menjin
from web_admin.journal.models import AuditEntry
from web_admin.messages.delivery import deliver
from web_admin.messages.models import MailServer, OutboxMessage, Webhook
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


# -- the compound ------------------------------------------------------------------------------------


@pytest.mark.wide
def test_name_and_contact_hold_at_once_on_every_page(client, compound, rows):
    assert send(client, "/manage/settings/site", **SITE).status_code == 303
    assert "柳苑 Willow" in client.get("/manage/").text
    assert "021-5555 0100" in client.get("/manage/settings").text
    assert "021-5555 0100" in compound.app.test_client().get("/r/help").text
    assert rows(lambda s: s.scalars(select(AuditEntry).where(AuditEntry.kind == "site_changed")).one())


def test_settings_of_the_machine_are_words_and_their_names_are_behind_a_press(client):
    page = client.get("/manage/settings").text
    rows = page.partition("Server settings")[2]
    words, _details, names = rows.partition("<details")
    waits = words.partition("wait until the office has agreed</td>")[2].partition("</tr>")[0]
    assert ">No</td>" in waits
    assert [one.name for one in whole_numbers() if one.name in words or one.name not in names] == []
    assert "web.toml" not in words
    assert "China Time" in page


# -- mail --------------------------------------------------------------------------------------------


MAIL = {
    "host": "mail.example.org",
    "port": "587",
    "security": "starttls",
    "username": "",
    "sender": "office@example.org",
}


@pytest.mark.wide
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"host": "https://mail"}, "host"),
        ({"port": "0"}, "port"),
        ({"sender": "nobody"}, "sender"),
        ({"security": "none"}, "security"),
        ({"host": "127.0.0.1"}, "host"),
        ({"host": "10.0.0.7"}, "host"),
        ({"username": "office", "host": "mail.example.com"}, "username"),
    ],
)
def test_a_mail_server_that_cannot_be_is_refused_beside_its_field(client, change, field):
    answer = send(client, "/manage/settings/mail", **MAIL | change)
    assert answer.status_code == 422
    assert f'id="{field}-wrong-1"' in answer.text


@pytest.mark.wide
def test_a_test_mail_goes_to_its_requester_and_its_end_is_shown(client, compound, rows, send_all):
    with mail_peer() as peer:
        menjin = compound.app.extensions["menjin"]
        named = replace(menjin, config=replace(menjin.config, mail_server=f"127.0.0.1:{peer.port}"))
        compound.app.extensions["menjin"] = named
        local = MAIL | {"host": "127.0.0.1", "port": str(peer.port), "security": "none", "username": ""}
        assert send(client, "/manage/settings/mail", **local).status_code == 303
        send(client, "/manage/settings/mail", "/manage/settings/mail/test", form=1)
        assert "Waiting" in client.get("/manage/settings/mail").text
        send_all()
        assert "manager@example.org" in peer.mails[0][0]
        assert "Sent" in client.get("/manage/settings/mail").text
    done(client, send(client, "/manage/settings/mail", "/manage/settings/mail/remove", form=2))
    compound.app.extensions["menjin"] = menjin
    assert rows(lambda s: s.scalars(select(MailServer)).all()) == []


def test_only_the_manager_sees_the_settings(compound, rows):
    assert [
        compound.signed_in(role).get("/manage/settings").status_code
        for role in ("guard", "installer", "privacy_officer")
    ] == [403, 403, 403]


@pytest.mark.parametrize(
    ("language", "said"), [("en", "This server keeps one compound."), ("zh", "只管理一个小区")]
)
def test_the_settings_say_that_a_second_compound_is_a_second_server(compound, language, said):
    page = compound.signed_in("manager", language).get("/manage/settings").text
    assert said in page
    assert "中文 · English" in page


# -- calls to homes ----------------------------------------------------------------------------------


def test_the_manager_lists_which_numbers_gates_call_and_reads_that_none_are_otherwise(client):
    assert "gates call no telephones until" in client.get("/manage/settings").text
    assert (
        send(client, "/manage/settings/calls", prefixes="+86 1", hosts="pbx.example.org").status_code == 303
    )
    assert "+861 · pbx.example.org" in client.get("/manage/settings").text
    answer = send(client, "/manage/settings/calls", prefixes="abc", hosts="")
    assert (answer.status_code, 'id="prefixes-wrong-1"' in answer.text) == (422, True)


def test_the_settings_of_calls_say_how_many_gates_have_a_telephone(client, compound):
    def said() -> str:
        page = client.get("/manage/settings/calls").text
        return " ".join(re.search(r'<p id="telephones">(.*?)</p>', page, re.DOTALL).group(1).split())

    assert said() == "No gate has a telephone: have the installer set one up, or only pages and phones ring."
    unspoken = (
        " None of them can prove numbers or make test calls: have the installer run menjin-gate prompts."
    )
    for states, more in (
        ({DEVICE: "ok", VOICE: "ok"}, ""),
        ({DEVICE: "ok"}, unspoken),
        ({DEVICE: "lost", VOICE: "ok"}, " 1 of them does not answer now: look at Health."),
    ):
        with compound.app.app_context(), current_menjin().database.session() as session:
            gate = session.get_one(Gate, "north")
            gate.device_states = [{"device": name, "health": health} for name, health in states.items()]
        assert re.fullmatch(r"1 of \d gates has a telephone\.", said().removesuffix(more))


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


FOLD = '<details class="more">'


def test_of_many_gates_those_without_an_update_are_folded(compound):
    few = compound.signed_in("installer").get("/manage/updates/").text
    assert FOLD not in few
    with compound.app.app_context(), current_menjin().database.session() as session:
        site = session.scalars(select(Site)).one()
        add_stairwells(session, current_menjin().sealer, site, compound.clock(), 9)
        session.get_one(Gate, "b1-u4").update_step = "rolled_back"
    page = compound.signed_in("installer").get("/manage/updates/").text
    assert page.index("1栋4单元") < page.index(FOLD) < page.index("1栋3单元")
