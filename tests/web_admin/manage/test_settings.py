"""Settings: what a manager changes holds at once, what would harm is refused beside its field."""

import io
import re
from dataclasses import replace

import msgspec
import pytest
from sqlalchemy import select

from tests.support.compounds.resident import csrf_of
from tests.support.peers import hook_peer, mail_peer
from web_admin.alarms.actions import raise_alarm
from web_admin.alarms.models import Alarm
from web_admin.compound.models import Gate, Site
from web_admin.compound.policy_models import PolicyRecordRow
from web_admin.core.config import whole_numbers
from web_admin.core.database import current_menjin
from web_admin.journal.models import AuditEntry
from web_admin.messages.models import MailServer, OutboxMessage, Webhook
from web_admin.messages.outbox import deliver
from web_admin.messages.subscriptions import RESIDENT_MESSAGE
from web_admin.messages.texts import TROUBLES, WEBHOOK_KINDS, trouble_text
from web_admin.settings.colours import contrast, is_colour, readable, stylesheet
from web_admin.settings.logo import LogoRefused, checked_logo

DRAWN = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><path d="M0 0h8v8z" fill="#a33"/></svg>'


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


def send(client, page_path, path=None, form=0, **data):
    page = client.get(page_path).text
    once = re.findall(r'name="once"[^>]*value="([^"]+)"', page)[form]
    return client.post(
        path or page_path,
        data={"csrf_token": csrf_of(page), "once": once} | data,
        content_type="multipart/form-data",
    )


def the_site(rows):
    return rows(lambda s: s.scalars(select(Site)).one())


SITE = {
    "name": "柳苑 Willow",
    "office_contact": "021-5555 0100",
    "language": "en",
    "card_bits": "32",
    "timezone": "Asia/Shanghai",
    "face_pause_hours": "48",
}


# -- the compound ------------------------------------------------------------------------------------


def test_name_and_contact_hold_at_once_on_every_page(client, compound, rows):
    assert send(client, "/manage/settings/site", **SITE).status_code == 303
    assert "柳苑 Willow" in client.get("/manage/").text
    assert "021-5555 0100" in client.get("/manage/settings").text
    assert "021-5555 0100" in compound.app.test_client().get("/r/help").text
    assert rows(lambda s: s.scalars(select(AuditEntry).where(AuditEntry.kind == "site_changed")).one())


def test_settings_of_the_machine_are_words_and_their_names_are_behind_a_press(client):
    page = client.get("/manage/settings").text
    rows = page.partition("Settings of the machine")[2]
    words, _details, names = rows.partition("<details")
    waits = words.partition("wait until the office has agreed</td>")[2].partition("</tr>")[0]
    assert ">No</td>" in waits
    assert [one.name for one in whole_numbers() if one.name in words or one.name not in names] == []
    assert "web.toml" not in words
    assert "China Time" in page


def test_another_time_zone_needs_a_yes_and_is_published(client, rows):
    wanted = SITE | {"timezone": "Asia/Singapore"}
    refused = send(client, "/manage/settings/site", **wanted)
    assert refused.status_code == 422
    assert 'id="zone_confirmed-wrong-1"' in refused.text
    before = the_site(rows).version
    assert send(client, "/manage/settings/site", zone_confirmed="y", **wanted).status_code == 303
    assert (the_site(rows).timezone, the_site(rows).version > before) == ("Asia/Singapore", True)


@pytest.mark.parametrize(
    ("typed", "status", "kept"),
    [("0", 303, 0), ("6", 303, 6), ("48", 303, 48), ("49", 422, 48), ("-1", 422, 48), ("", 422, 48)],
)
def test_face_pauses_after_48_hours_at_most(client, rows, typed, status, kept):
    rows(lambda s: setattr(s.get_one(Gate, "north"), "knows", ["lost_readers"]))
    answer = send(client, "/manage/settings/site", **SITE | {"face_pause_hours": typed})
    assert (answer.status_code, the_site(rows).face_pause_hours) == (status, kept)
    published = rows(lambda s: [s.get_one(PolicyRecordRow, (one, "site")).value for one in ("north", "east")])
    hours = [msgspec.json.decode(value).get("face_pause_hours", 48) for value in published]
    assert hours == [kept, 48], "a gate of an earlier version could not read it"


def test_the_form_of_cards_is_fixed_once_a_card_was_given(client, rows):
    refused = send(client, "/manage/settings/site", **SITE | {"card_bits": "24"})
    assert refused.status_code == 422
    assert the_site(rows).card_bits == 32


# -- colour and logo ---------------------------------------------------------------------------------


@pytest.mark.parametrize("accent", ["#0b5d4e", "#7a1f3d", "#1d3f8a", "#5a3d00", "#000000", "#333333"])
def test_every_accepted_colour_can_be_read_in_light_and_dark(accent):
    rules = stylesheet(accent)
    light, dark = (
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", rules.splitlines()[line])) for line in (0, 1)
    )
    for shades, ground in ((light, "#ffffff"), (dark, "#1a211e")):
        assert contrast(shades["mj-accent"], ground) >= 4.5
        assert contrast(shades["mj-on-accent"], shades["mj-accent"]) >= 4.5
        assert contrast(shades["mj-on-accent"], shades["mj-accent-strong"]) >= 4.5
        assert contrast(shades["mj-accent-strong"], shades["mj-accent-soft"]) >= 4.5
        assert contrast(shades["green-ink"], shades["green"]) >= 4.5
        assert contrast(shades["green-text"], shades["green-soft"]) >= 4.5


def test_black_on_white_is_21_and_a_colour_has_six_digits():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert readable("#ffdd00") < 2
    assert [is_colour(text) for text in ("#0b5d4e", "#0B5D4E", "#fff", "red", "#0b5d4e;x")] == [
        True,
        False,
        False,
        False,
        False,
    ]


def test_a_colour_that_cannot_be_read_is_refused_and_a_good_one_holds(client, compound, rows):
    refused = send(client, "/manage/settings/look", accent="#ffdd00")
    assert refused.status_code == 422
    assert "too hard to read" in refused.text
    assert 'value="#ffdd00"' in refused.text
    assert send(client, "/manage/settings/look", accent="#7A1F3D").status_code == 303
    stranger = compound.app.test_client()
    assert "--mj-accent: #7a1f3d" in stranger.get("/look.css").text
    assert "/look.css" in stranger.get("/r/sign-in").text
    send(client, "/manage/settings/look", accent="")
    assert "/look.css" not in client.get("/manage/settings").text


def test_a_drawn_logo_is_kept_as_shapes_alone(client, compound):
    answer = send(
        client, "/manage/settings/look", "/manage/settings/logo", form=1, logo=(io.BytesIO(DRAWN), "logo.svg")
    )
    assert answer.status_code == 303
    shown = compound.app.test_client().get("/logo.svg")
    assert (shown.mimetype, "M0 0h8v8z" in shown.text) == ("image/svg+xml", True)
    assert 'src="/logo.svg"' in client.get("/manage/settings").text
    send(client, "/manage/settings/look", "/manage/settings/logo", form=2)
    assert compound.app.test_client().get("/logo.svg").status_code == 404


def wrapped(inner, attributes=""):
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"{attributes}>{inner}</svg>'.encode()


@pytest.mark.parametrize(
    "content",
    [
        wrapped("<script>alert(1)</script>"),
        wrapped('<image href="data:image/png;base64,AAAA"/>'),
        wrapped("<foreignObject><p>x</p></foreignObject>"),
        wrapped('<use href="https://example.org/x.svg#a"/>'),
        wrapped("<style>path{}</style>"),
        wrapped("<text>x</text>"),
        wrapped('<path d="M0 0" fill="url(https://example.org/x)"/>'),
        wrapped('<path d="M0 0" style="fill:url(//example.org)"/>'),
        b'<!DOCTYPE svg [<!ENTITY a "x">]>' + DRAWN,
        b"\x89PNG\r\n\x1a\n" + bytes(64),
        b"<html></html>",
        wrapped("<g>" * 3000 + "</g>" * 3000),
        wrapped("<g>" * 1500 + "</g>" * 1500),
        wrapped("<g>" * 40 + "</g>" * 40),
        wrapped(f'<path d="{"M0 0 " * 8000}"/>'),
        b"",
        b"\xff\xfe\x00",
    ],
)
def test_a_file_with_anything_but_shapes_is_refused(content):
    with pytest.raises(LogoRefused):
        checked_logo(content)


def test_what_an_editor_leaves_in_a_drawing_does_not_survive():
    kept = checked_logo(
        wrapped('<metadata><x/></metadata><path onclick="x()" class="a" d="M0 0" style="fill:#a33"/>')
    )
    assert [word for word in ("metadata", "onclick", "class", "style") if word in kept] == []
    assert 'fill="#a33"' in kept


# -- mail --------------------------------------------------------------------------------------------


MAIL = {
    "host": "mail.example.org",
    "port": "587",
    "security": "starttls",
    "username": "",
    "sender": "office@example.org",
}


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
    send(client, "/manage/settings/mail", "/manage/settings/mail/remove", form=2)
    compound.app.extensions["menjin"] = menjin
    assert rows(lambda s: s.scalars(select(MailServer)).all()) == []


# -- webhooks ----------------------------------------------------------------------------------------


def add_hook(client, url, kinds=("alarm_raised", "alarm_acknowledged")):
    return send(client, "/manage/settings/webhooks/new", name="Property software", url=url, kinds=list(kinds))


def test_a_key_is_shown_once_and_never_again(client, rows):
    shown = add_hook(client, "https://example.org/take")
    key = re.search(r"whsec_[A-Za-z0-9+/=]+", shown.text)[0]
    hook = rows(lambda s: s.scalars(select(Webhook)).one())
    page = f"/manage/settings/webhooks/{hook.webhook_id}"
    assert key not in client.get(page).text
    changed = send(client, page, f"{page}/key", form=1)
    other = re.search(r"whsec_[A-Za-z0-9+/=]+", changed.text)[0]
    assert other != key
    assert "signs beside the new one until" in client.get(page).text
    send(client, page, f"{page}/remove", form=2)
    assert rows(lambda s: s.get(Webhook, hook.webhook_id)).signing_key_sealed == b""


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


def test_every_trouble_has_words(compound):
    with compound.app.test_request_context(headers={"Accept-Language": "en"}):
        words = (*TROUBLES, "http_500", "mail_refused_550")
        sentences = {word: trouble_text(word) for word in words}
    bare = [word for word, text in sentences.items() if word == text or not text.endswith((".", "right?"))]
    assert bare == []


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
