"""The console's pages: who may read them, what they say, and what no compound can do to them."""

import logging
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

import msgspec
import pytest
from argon2 import PasswordHasher
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from head_office import accounts
from head_office.asking.rounds import CompoundList
from head_office.pages.app import Office, create_app
from head_office.pages.words import TROUBLES, WAYS
from head_office.settings import Compound, Settings
from head_office.storage import Account, Storage
from tests.support.clock import SetClock
from tests.support.head_office import PASSWORD, STAFF, alarm, code_of, overview

ROOT = Path(__file__).parents[2]
HERE = {"Origin": "http://localhost"}
HOSTILE = '"><script>alert(1)</script>\u202e'
COMPOUNDS = [
    Compound("lake", "湖畔花园", "https://lake.example.org", "East"),
    Compound("tower", "望江台", "https://tower.example.org", "West"),
    Compound("stone", "青石里", "https://stone.example.org", "West"),
]


@pytest.fixture
def storage(tmp_path):
    made = Storage(tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="module")
def account(tmp_path_factory):
    """Make one account: its password is meant to be slow to check."""
    elsewhere = Storage(tmp_path_factory.mktemp("account"))
    accounts.make_account(elsewhere, STAFF, PASSWORD)
    made = elsewhere.account(STAFF)
    elsewhere.close()
    return made


@pytest.fixture
def secret(storage, account):
    storage.put_account(account)
    return account.totp_secret


@pytest.fixture
def clock():
    return SetClock(datetime(2026, 11, 28, 4, tzinfo=UTC))


@pytest.fixture
def app(storage, clock):
    known = CompoundList(COMPOUNDS)
    return create_app(Office(Settings(), storage, lambda: known, clock))


def sign_in(client, secret, clock, **changes):
    form = {"name": STAFF, "password": PASSWORD, "code": code_of(secret, clock().timestamp()), **changes}
    return client.post("/sign-in", data=form, headers=HERE)


def signed_in(app, storage, clock):
    """Return a browser with a session."""
    made = app.test_client()
    made.set_cookie("menjin_head_office", accounts.open_session(storage, STAFF, clock()))
    return made


@pytest.fixture
def client(app, storage, secret, clock):
    return signed_in(app, storage, clock)


def answers(storage, clock, word, **changes):
    address = f"https://{word}.example.org"
    storage.note_answer(word, address, msgspec.json.encode(overview(**changes)), clock())


# -- who may read them --------------------------------------------------------------------------------


def test_every_page_but_sign_in_and_the_monitors_asks_who_it_is(app):
    stranger = app.test_client()
    read = [rule.rule for rule in app.url_map.iter_rules() if "GET" in rule.methods]
    rules = {path.replace("<word>", "lake") for path in read}
    open_to_all = {"/sign-in", "/healthz", "/static/<path:filename>"}
    for path in rules - open_to_all:
        answer = stranger.get(path)
        assert (answer.status_code, answer.headers["Location"][:9]) == (303, "/sign-in?"), path
    assert stranger.get("/healthz").status_code == stranger.get("/sign-in").status_code == 200
    assert stranger.post("/sign-out", headers=HERE).status_code == 401


@pytest.mark.parametrize("wrong", [{"name": "li"}, {"password": "another long password"}, {"code": "000000"}])
def test_a_wrong_part_of_three_gives_the_same_answer(app, secret, clock, wrong):
    answer = sign_in(app.test_client(), secret, clock, **wrong)
    assert answer.status_code == 422
    assert "名称、密码或验证码有误" in answer.text
    assert "Set-Cookie" not in answer.headers


@pytest.mark.wide
def test_an_account_of_an_earlier_version_signs_in(app, storage, clock):
    secret = b"twenty bytes of then"
    storage.put_account(Account(STAFF, PasswordHasher().hash(PASSWORD), secret, 0))
    assert sign_in(app.test_client(), secret, clock).status_code == 303


@pytest.mark.parametrize("seconds", [-60, -30, 0, 30, 60])
def test_a_code_counts_for_the_half_minute_before_and_after(app, secret, clock, seconds):
    code = code_of(secret, clock().timestamp() + seconds)
    assert sign_in(app.test_client(), secret, clock, code=code).status_code == (
        303 if abs(seconds) < 60 else 422
    )


def test_an_authenticator_shows_a_name_as_it_was_typed():
    label = unquote(urlsplit(accounts.code_address("王 a:b", b"x" * 20)).path)
    assert label == "/Menjin head office:王 a：b"


def test_a_code_counts_once(app, secret, clock):
    assert sign_in(app.test_client(), secret, clock).status_code == 303
    assert sign_in(app.test_client(), secret, clock).status_code == 422
    clock.now += timedelta(seconds=30)
    assert sign_in(app.test_client(), secret, clock).status_code == 303


def test_guessing_waits_and_another_place_does_not(app, secret, clock):
    guesser = app.test_client()
    codes = [sign_in(guesser, secret, clock, password=f"guess number {n}").status_code for n in range(6)]
    assert codes == [422] * 5 + [429]
    assert sign_in(guesser, secret, clock).status_code == 429, "also with the right one"
    other = app.test_client()
    form = {"name": STAFF, "password": PASSWORD, "code": code_of(secret, clock().timestamp())}
    place = {"REMOTE_ADDR": "192.0.2.9"}
    assert other.post("/sign-in", data=form, headers=HERE, environ_overrides=place).status_code == 303
    clock.now += timedelta(minutes=6)
    assert sign_in(guesser, secret, clock).status_code == 303


def try_from(app, address, secret, clock, **changes):
    form = {"name": STAFF, "password": PASSWORD, "code": code_of(secret, clock().timestamp()), **changes}
    place = {"REMOTE_ADDR": address}
    return app.test_client().post("/sign-in", data=form, headers=HERE, environ_overrides=place).status_code


def test_a_64_of_ipv6_has_the_tries_of_one_address(app, secret, clock):
    tries = [try_from(app, f"2001:db8:0:7::{n:x}", secret, clock, code="000000") for n in range(1, 7)]
    assert tries == [422] * 5 + [429]
    assert try_from(app, "2001:db8:0:8::1", secret, clock) == 303


def test_strangers_do_not_shut_an_owner_out_where_the_owner_signed_in_before(app, secret, clock):
    assert try_from(app, "2001:db8:0:1::5", secret, clock) == 303
    clock.now += timedelta(days=2)
    # As if many addresses had guessed this name, one other each name from the owner's own address.
    with app.extensions["head_office"].storage.transaction() as rows:
        at = clock().timestamp()
        guesses = [(at, STAFF, f"192.0.2.{n}") for n in range(accounts.ACCOUNT_TRIES)]
        beside = [(at, f"guess {n}", "20010db800000001") for n in range(accounts.PLACE_TRIES)]
        rows.executemany("INSERT INTO failed_try VALUES (?, ?, ?)", guesses + beside)
    assert try_from(app, "198.51.100.1", secret, clock) == 429, "a stranger waits"
    assert try_from(app, "2001:db8:0:1::6", secret, clock) == 303
    clock.now += timedelta(days=31)
    with app.extensions["head_office"].storage.transaction() as rows:
        rows.execute("UPDATE failed_try SET at = ?", (clock().timestamp(),))
    assert try_from(app, "2001:db8:0:1::6", secret, clock) == 429, "known for a month only"


def test_a_form_of_another_page_is_refused(app, client):
    for origin in ({}, {"Origin": "null"}, {"Origin": "https://evil.example"}):
        assert client.post("/sign-out", headers=origin).status_code == 403
    assert client.get("/").status_code == 200


def test_a_session_ends_on_the_server(app, client, clock):
    copied = client.get_cookie("menjin_head_office").value
    assert client.post("/sign-out", headers=HERE).status_code == 303
    again = app.test_client()
    again.set_cookie("menjin_head_office", copied)
    assert again.get("/").status_code == 303


def test_a_session_ends_unused_after_an_hour_and_always_after_twelve(client, clock):
    for _half in range(23):
        clock.now += timedelta(minutes=30)
        assert client.get("/").status_code == 200
    clock.now += timedelta(minutes=31)
    assert client.get("/").status_code == 303


def test_an_hour_without_use_ends_it(client, clock):
    clock.now += timedelta(minutes=61)
    assert client.get("/").status_code == 303


def test_an_account_that_ends_takes_its_sessions_along(client, storage):
    assert storage.end_account(STAFF)
    assert client.get("/").status_code == 303


@pytest.mark.parametrize(
    "place", ["//evil.example", "https://evil.example", "/\\evil.example", "\\", "/a\r\nb"]
)
def test_sign_in_leads_nowhere_else(app, secret, clock, place):
    answer = sign_in(app.test_client(), secret, clock, next=place)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


@pytest.mark.parametrize("password", ["short", "password1234", "menjinmenjin", "x" * 201])
def test_an_easy_password_makes_no_account(storage, password):
    with pytest.raises(accounts.PasswordRefused):
        accounts.make_account(storage, "li", password)
    assert storage.account("li") is None


def test_headers_allow_nothing_from_elsewhere(client):
    headers = client.get("/").headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
    assert (headers["X-Content-Type-Options"], headers["Cache-Control"]) == ("nosniff", "no-store")


def test_with_https_the_cookie_is_bound_to_the_host(storage, secret, clock):
    settings = Settings(public_url="https://head.example.org")
    app = create_app(Office(settings, storage, CompoundList, clock))
    form = {"name": STAFF, "password": PASSWORD, "code": code_of(secret, clock().timestamp())}
    answer = app.test_client().post("/sign-in", data=form, headers={"Origin": "https://head.example.org"})
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-menjin_head_office=")
    assert all(part in cookie for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"))
    assert "max-age" in answer.headers["Strict-Transport-Security"]


# -- what they say ------------------------------------------------------------------------------------


def test_without_a_compound_it_says_what_to_do(storage, secret, clock):
    client = signed_in(create_app(Office(Settings(), storage, CompoundList, clock)), storage, clock)
    page = client.get("/", headers={"Accept-Language": "en"}).text
    assert "No compound yet" in page and "menjin head-office add" in page


def test_what_needs_a_person_is_first_and_no_answer_says_since_when(app, secret, storage, clock):
    answers(storage, clock, "lake")
    answers(storage, clock, "tower", gates__behind=1)
    answers(storage, clock, "stone")
    since = clock()
    storage.note_trouble("stone", "https://stone.example.org", "too_slow", since)
    clock.now += timedelta(hours=3)
    client = signed_in(app, storage, clock)
    page = client.get("/", headers={"Accept-Language": "en"}).text
    assert "2 compounds have problems" in page
    assert page.index("青石里</a>") < page.index("望江台</a>") < page.index("1 compound is well")
    assert "No answer for 3 hours" in page
    one = client.get("/compounds/stone", headers={"Accept-Language": "en"}).text
    assert "No answer since 2026-11-28 12:00, for 3 hours" in one
    assert "does not answer in time" in one and "Below is what it answered at 2026-11-28 12:00." in one
    zh = client.get("/compounds/stone", headers={"Accept-Language": "zh"}).text
    assert "自 2026-11-28 12:00 起无应答，已 3 小时" in zh


def test_a_compound_that_never_answered_says_so(client, storage, clock):
    storage.note_trouble("lake", "https://lake.example.org", "key_refused", clock())
    page = client.get("/compounds/lake", headers={"Accept-Language": "en"}).text
    assert "It refuses our key." in page and "It has never answered." in page


def test_searching_and_states_narrow_the_list(client, storage, clock):
    for word in ("lake", "tower", "stone"):
        answers(storage, clock, word, gates__behind=int(word == "tower"))

    def shown(query):
        return set(re.findall(r'href="/compounds/(\w+)"', client.get(f"/?{query}").text))

    assert shown("") == {"lake", "tower", "stone"}
    assert shown("q=湖") == {"lake"} and shown("group=West") == {"tower", "stone"}
    assert shown("state=needs") == {"tower"} and shown("state=good&group=West") == {"stone"}
    assert shown("state=no_answer") == shown("q=nowhere") == set()


def test_text_of_a_hostile_compound_is_shown_as_text(client, storage, clock):
    answers(
        storage,
        clock,
        "lake",
        site=HOSTILE,
        program=HOSTILE,
        schema=HOSTILE,
        versions=[{"version": HOSTILE, "gates": 4}],
        ways_in=[{"method": "card", "tries": "<10", "opened_percent": None}],
    )
    for path in ("/", "/compounds/lake"):
        page = client.get(path).text
        assert "<script>alert" not in page and "\u202e" not in page
        assert "&lt;script&gt;" in page


def test_what_another_version_kept_is_shown_as_no_answer_of_before(client, storage, clock):
    storage.note_answer("lake", "https://lake.example.org", b"{}", clock())
    assert client.get("/").status_code == client.get("/compounds/lake").status_code == 200


def test_a_file_that_is_not_read_is_said(storage, secret, clock):
    known = CompoundList(COMPOUNDS, "compounds.toml: [lake] has the address of [tower]")
    client = signed_in(create_app(Office(Settings(), storage, lambda: known, clock)), storage, clock)
    assert "[lake] has the address of [tower]" in client.get("/").text


def test_an_unknown_compound_is_not_found(client):
    assert client.get("/compounds/nowhere").status_code == 404


def test_nothing_here_changes_a_compound(app):
    writes = {"POST", "PUT", "PATCH", "DELETE"}
    changing = {rule.rule for rule in app.url_map.iter_rules() if rule.methods & writes}
    assert changing == {"/sign-in", "/sign-out", "/language"}


def test_a_page_of_three_hundred_compounds_is_small_and_folds_what_is_well(storage, secret, clock):
    many = [
        Compound(f"c{n}", f"Compound {n}", f"https://c{n}.example.org", f"Group {n % 15}") for n in range(300)
    ]
    for one in many:
        storage.note_answer(one.word, one.address, msgspec.json.encode(overview()), clock())
    client = signed_in(
        create_app(Office(Settings(), storage, lambda: CompoundList(many), clock)), storage, clock
    )
    page = client.get("/", headers={"Accept-Language": "en"}).text
    assert len(page.encode()) < 200_000
    assert "All compounds are well" in page and '<details class="card-box calm">' in page
    assert page.count('class="dot good"') == 301, "one a compound, and the legend"


# -- words --------------------------------------------------------------------------------------------


def catalogue_of(package):
    with (ROOT / package / "translations/zh/LC_MESSAGES/messages.po").open("rb") as file:
        return read_po(file, locale="zh")


def test_an_alarm_has_the_name_that_its_compound_sends_in_the_language_of_the_page(client, storage, clock):
    answers(storage, clock, "lake", alarms=[alarm("alarm_door_held", 2, 700)])
    newer = {
        "kind": "alarm_flood",
        "count": 1,
        "oldest_seconds": 5,
        "names": {"fr": "La cave est inond\u202eée"},
    }
    answers(storage, clock, "stone", alarms=[newer])
    for path in ("/", "/compounds/lake"):
        english, chinese = (client.get(path, headers={"Accept-Language": code}) for code in ("en", "zh"))
        assert "Door open too long" in english.text and "门" in chinese.text
        assert "alarm_door_held" not in english.text + chinese.text
    for path in ("/", "/compounds/stone"):
        assert "La cave est inondée" in client.get(path, headers={"Accept-Language": "en"}).text


def test_an_alarm_of_a_compound_that_sends_no_name_is_shown_by_its_kind(client, storage, clock):
    answers(storage, clock, "lake", alarms=[{"kind": "alarm_door_held", "count": 2, "oldest_seconds": 700}])
    for path in ("/", "/compounds/lake"):
        assert "alarm_door_held" in client.get(path).text


def test_no_threshold_is_shown_before_a_compound_has_sent_one(client, storage, clock):
    assert "filed from" not in client.get("/", headers={"Accept-Language": "en"}).text
    answers(storage, clock, "lake")
    assert "filed from 100,000 on" in client.get("/", headers={"Accept-Language": "en"}).text


def test_every_text_of_pages_and_code_is_translated_and_sorted():
    methods = [("**.py", "python"), ("templates/**.html", "jinja2")]
    words = {"_": None, "_l": None, "gettext": None, "ngettext": (1, 2)}
    found = extract_from_dir(ROOT / "head_office", methods, keywords=words)
    wanted = {text if isinstance(text, str) else text[0] for _file, _line, text, *_more in found}
    catalogue = catalogue_of("head_office")
    kept = [entry.id if isinstance(entry.id, str) else entry.id[0] for entry in catalogue if entry.id]
    assert kept == sorted(wanted)
    assert all(entry.string and not entry.fuzzy for entry in catalogue if entry.id)


def test_every_trouble_has_words():
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "head_office").rglob("*.py"))
    raised = set(re.findall(r'(?:NotRead|_no_answer)\((?:one, )?"(\w+)"\)', source))
    assert raised | {"tls", "too_slow", "no_such_name", "no_connection", "redirect"} <= set(TROUBLES)
    assert set(WAYS) == {"card", "pin", "qr", "face"}


def test_colours_are_those_of_the_other_pages():
    def colours(path):
        text = (ROOT / path).read_text(encoding="utf-8")
        return text[text.index(":root {") : text.index("}\n}") + 3]

    assert colours("head_office/static/head_office.css") == colours("web_admin/static/menjin.css")


def test_a_log_names_compounds_by_their_words_alone(app, client, caplog):
    caplog.set_level(logging.DEBUG)
    client.get("/?q=secret")
    assert PASSWORD not in caplog.text and "secret" not in caplog.text
