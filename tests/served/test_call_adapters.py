"""A call adapter of another package rings over a real server; nothing of Menjin knows it."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from gate_controller.contract.calls import CALLS_PATH, CallReport, CallState, CallStep
from tests.served.served_compound import Browser, ServedCompound, serve_compound
from tests.served.signed_gate import signed_gate
from tests.support.call_adapters import adapter_installed, lines_of
from tests.support.gates.waiting import until
from web_admin.calls.models import HomeCallWishes
from web_admin.compound.models import Person
from web_admin.core.config import WebConfig

pytestmark = pytest.mark.wide

WHO = "王芳"
KEY = X25519PrivateKey.generate().public_key().public_bytes_raw()


@dataclass
class Rung:
    """A server with the adapter, a person's phone, and the file that the adapter writes."""

    served: ServedCompound
    phone: Browser
    notebook: Path

    def lines(self, what: str, address: str) -> list[list[str]]:
        """Return what was rung or ended at an address."""
        return [line for line in lines_of(self.notebook) if (line[0], line[2]) == (what, address)]


@pytest.fixture
def rung(web_config: WebConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rung]:
    """Return a server on which the adapter is on, and a home that takes calls."""
    monkeypatch.setenv("MENJIN_CALL_ADAPTERS", "notebook")
    with adapter_installed(tmp_path) as notebook, serve_compound(web_config, tmp_path) as served:
        served.compound.clock.now = datetime.now(UTC)
        with served.compound.act() as act:
            person = act.session.get_one(Person, served.compound.persons[WHO])
            wishes = {"takes_calls": True, "changed_at": act.now, "changed_by": person.person_id}
            act.session.add(HomeCallWishes(home_id=person.home_id, site_id=act.site_id, **wishes))
        yield Rung(served, served.resident(WHO), notebook)


def adds(rung: Rung, address: str) -> str:
    """Add an address on the person's page; return the path of its own page."""
    rung.phone.get("/r/calls")
    answer = rung.phone.post("/r/calls/numbers", {"number": f"notebook:{address}", "number_label": ""})
    assert answer.status_code == 303, answer.text
    return urlsplit(answer.headers["Location"]).path


def path_of(page: str) -> str:
    parts = urlsplit(page)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def test_a_home_is_rung_by_a_package_and_answers_on_its_own_page(rung: Rung) -> None:
    page = adds(rung, "fang")
    assert "A test was sent there." in rung.phone.get(page).text
    until(lambda: rung.lines("ring", "fang"))
    [[_what, _id, _address, link, _said]] = rung.lines("ring", "fang")
    code = link.partition("code=")[2]
    assert "too old" in rung.phone.post(f"{page}/prove", {"code": "another"}).text
    assert "Yes, ring there" in rung.phone.get(path_of(link)).text
    assert rung.phone.post(f"{page}/prove", {"code": code}).status_code == 303
    assert "Verified. It rings" in rung.phone.get(page).text
    adds(rung, "elsewhere")  # never proved: no call rings there
    until(lambda: rung.lines("ring", "elsewhere"))
    gate = signed_gate(rung.served, "north")
    report = CallReport(call_id="one", lane_id="north-in", home="31203", sealing_public_key=KEY)
    assert gate.posts(CALLS_PATH, report).status_code == 200
    until(lambda: len(rung.lines("ring", "fang")) == 2)
    what, call_id, _address, page, said = rung.lines("ring", "fang")[1]
    assert (what, call_id, path_of(page)) == ("ring", "one", "/r/call/one")
    assert [word for word in (WHO, "31203", "3-1203", "North", "北门") if word in said] == []
    state = msgspec.json.decode(gate.posts(CALLS_PATH, report).content, type=CallState)
    assert (state.stage, state.opens, state.leg) == ("ringing", None, None)  # though the adapter claims more
    stranger = rung.served.browser()
    assert "/r/call/one/answer" not in stranger.get("/r/call/one").text
    assert "/r/call/one/answer" in rung.phone.get("/r/call/one").text
    over = CallReport(
        call_id="one",
        lane_id="north-in",
        home="31203",
        sealing_public_key=KEY,
        step=CallStep.OVER,
        end="cancelled",
    )
    gate.posts(CALLS_PATH, over)
    until(lambda: rung.lines("end", "fang"))
    assert [line[2] for line in lines_of(rung.notebook)] == ["fang", "elsewhere", "fang", "fang"]


@pytest.mark.parametrize(
    ("address", "status", "said"),
    [
        ("check", 0, "notebook keeps the contract"),
        ("unknown", 0, "ring (en): not rung, no_such_address"),
        ("breaks", 2, "FAILS: ring (zh): raises ValueError, and may raise NotRung alone"),
    ],
)
def test_the_check_of_an_adapter_says_what_fails(
    tmp_path: Path, address: str, status: int, said: str
) -> None:
    with adapter_installed(tmp_path) as notebook:
        run = "import sys; sys.path.insert(0, sys.argv.pop(1)); import menjin; sys.exit(menjin.main())"
        words = ["web", "call-adapter", "check", "notebook", "--address", address]
        done = subprocess.run(
            [sys.executable, "-c", run, tmp_path / "site", *words],
            capture_output=True,
            text=True,
            check=False,
        )
        rung = [line[2] for line in lines_of(notebook) if line[0] == "ring"]
    assert (done.returncode, said in done.stdout + done.stderr) == (status, True), done
    assert rung == {"check": ["check", "check"]}.get(address, [])
