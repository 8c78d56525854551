"""The demo's front page over HTTP: what it says of one home, and whom its doors let in."""

from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
import requests

from demo.bench.entrances import DOORS
from demo.bench.front_texts import FRONT_TEXTS
from demo.bench.page import BenchPage
from demo.bench.texts import one_name
from demo.stage import Stage
from tests.support.gates.metal import metal_alone


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with metal_alone(tmp_path) as stage:
        yield stage


@pytest.fixture
def page(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Iterator[BenchPage]:
    """Serve a page whose doors fail the test: no refused press may reach one."""
    page = BenchPage(stage)
    monkeypatch.setattr(page._entrances, "enter", lambda *_sent: pytest.fail("a stranger came in"))
    yield page
    page.close()


@pytest.mark.parametrize(("language", "names"), [("en", "Chen Jing, Chen Jie"), ("zh", "陈静、陈杰")])
def test_the_front_page_has_a_door_for_each_and_a_home_by_its_names_in_one_language(
    page: BenchPage, language: str, names: str
) -> None:
    text = unescape(requests.get(page.address, params={"language": language}, timeout=10).text)
    for door in DOORS:
        assert f'action="/enter/{door}"' in text
        assert FRONT_TEXTS[language][door] in text
    assert names in text
    assert "40501#123456#" in text
    assert "陈静 Chen Jing" not in text


def test_both_languages_have_the_same_texts() -> None:
    assert FRONT_TEXTS["en"].keys() == FRONT_TEXTS["zh"].keys()


@pytest.mark.parametrize(
    ("name", "chinese", "english"),
    [
        ("北门 · 进 In", "进", "In"),
        ("保安 何建国 He Jianguo", "保安 何建国", "He Jianguo"),
        ("OSDP 输出 OSDP output", "OSDP 输出", "OSDP output"),
        ("Tomás Rivera", "Tomás Rivera", "Tomás Rivera"),
        ("徐芳", "徐芳", "徐芳"),
    ],
)
def test_a_name_is_said_once(name: str, chinese: str, english: str) -> None:
    assert (one_name(name, "zh"), one_name(name, "en")) == (chinese, english)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("client", ["192.0.2.7", "10.0.0.4", "2001:db8::1", "::ffff:192.0.2.7"])
def test_no_other_machine_sees_a_page_or_comes_in(page: BenchPage, door: str, client: str) -> None:
    """Also one that names this machine, as a forwarded port would let it."""
    own = page.address.rstrip("/")
    asked = page.app.test_client()
    around = {"base_url": own, "environ_overrides": {"REMOTE_ADDR": client}}
    posted = asked.post(f"/enter/{door}", headers={"Origin": own}, **around)
    assert (posted.status_code, posted.headers.getlist("Set-Cookie")) == (403, [])
    assert [asked.get(path, **around).status_code for path in ("/", "/street", "/events")] == [403] * 3


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://evil.test"},
        {"Origin": "null"},
        {"Host": "evil.test", "Origin": "http://evil.test"},
        {"Origin": "own", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "own", "Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_page_of_this_machine_brings_no_one_in(page: BenchPage, headers: dict[str, str]) -> None:
    own = page.address.rstrip("/")
    sent = {name: own if value == "own" else value for name, value in headers.items()}
    reply = requests.post(f"{own}/enter/manager", headers=sent, timeout=10, allow_redirects=False)
    assert (reply.status_code, reply.cookies.get_dict()) == (403, {})


def test_the_name_localhost_leads_to_the_address_whose_cookies_the_server_gets(page: BenchPage) -> None:
    reply = requests.get(page.address.replace("127.0.0.1", "localhost"), timeout=10, allow_redirects=False)
    assert (reply.status_code, reply.headers["Location"]) == (302, page.address)
