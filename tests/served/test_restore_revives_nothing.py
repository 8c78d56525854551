"""What a gate's newest policy forbade stays forbidden after a restore, at the real server and gate."""

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
import requests
from passlib.totp import TOTP
from sqlalchemy import select

from gate_controller.contract.messages import TOMBSTONES_PATH, Tombstone, TombstoneBatch
from tests.served.lost_server import LostServer, compound_to_lose
from tests.served.served_compound import Browser
from tests.served.signed_gate import signed_gate
from tests.support.compounds.managed import PASSWORD, TOTP_SECRET
from tests.support.suspending import suspend_for_days
from web_admin.accounts.api_keys import MadeKey, end_api_key, make_api_key
from web_admin.accounts.models import User
from web_admin.accounts.staff import close_account, create_staff
from web_admin.action.base import Action
from web_admin.compound.models import Gate, Site
from web_admin.core.config import WebConfig
from web_admin.credentials.actions import suspend_credential
from web_admin.credentials.cards import issue_card
from web_admin.gates.orders import set_override
from web_admin.people.actions import move_out, set_grants
from web_admin.restore.reviews import open_reviews

pytestmark = pytest.mark.wide

MAX_COUNT = 2**31 - 1
NEW_PASSWORD = "three words nobody owns"
AUTHENTICATOR_KEY = re.compile(r'<span class="number">([A-Z2-7-]+)</span>')

PEOPLE = ("林薇", "陈立", "赵敏", "周明", "孙晓")


@pytest.fixture
def lost(web_config: WebConfig, tmp_path: Path) -> Iterator[LostServer]:
    """Return a compound with a gate process and five cards, 11 to 15, backed up."""
    with compound_to_lose(web_config, tmp_path) as made:
        made.cards = {}
        with made.act() as act:
            for number, name in enumerate(PEOPLE, start=11):
                made.cards[number] = issue_card(act, person_of(made, name), number, label="").credential_id
        made.wait_synced()
        made.back_up()
        yield made


def person_of(lost: LostServer, name: str) -> str:
    return lost.served.compound.persons[name]


def manager(act: Action) -> Action:
    return Action(act.session, act.sealer, act.site_id, "m", "manager", act.now, effects=act.effects)


def test_suspended_cards_and_people_and_taken_grants_stay_refused_after_a_restore(lost: LostServer) -> None:
    assert lost.tap(11) == "granted"
    with lost.act() as act:
        suspend_credential(act, lost.cards[11])
        suspend_for_days(manager(act), person_of(lost, "陈立"))
        set_grants(replace(manager(act), because="asked"), person_of(lost, "赵敏"), [])
        move_out(manager(act), person_of(lost, "周明"))
    lost.wait_synced()
    before = {number: lost.tap(number) for number in (11, 12, 13, 14, 15)}
    assert "granted" not in {before[number] for number in (11, 12, 13, 14)}
    lost.lose_and_restore()
    lost.wait_synced()
    after = {number: lost.tap(number) for number in (11, 12, 13, 14, 15)}
    assert [number for number, reason in after.items() if reason == "granted"] == [15]


def test_a_locked_lane_stays_locked_after_a_restore(lost: LostServer) -> None:
    with lost.act() as act:
        set_override(manager(act), "north-in", "lockdown", "a threat", act.now + timedelta(hours=2))
    lost.wait_synced()
    assert lost.tap(15) == "lane_lockdown"
    lost.lose_and_restore()
    lost.wait_synced()
    assert lost.tap(15) == "lane_lockdown"


def test_a_gate_with_more_endings_than_one_body_holds_finishes_a_restore(lost: LostServer) -> None:
    rows = [
        (
            f"credential:{number:016x}",
            msgspec.json.encode(
                Tombstone(
                    record_key=f"credential:{number:016x}", ended_at=datetime.now(UTC), epoch=1, version=99
                )
            ),
        )
        for number in range(25_000)
    ]
    with closing(sqlite3.connect(lost.bench.root / "data" / "policy.sqlite3", timeout=30)) as store, store:
        store.executemany("INSERT INTO tombstone VALUES (?, ?)", rows)
    lost.lose_and_restore()
    lost.wait_synced()
    assert lost.tap(15) == "granted"
    assert "Traceback" not in lost.log()


def test_no_cookie_from_before_a_restore_opens_a_page(lost: LostServer) -> None:
    assert lost.served is not None
    resident, manager_ = lost.served.resident("林薇"), lost.served.signed_in("manager")
    pages = ((resident, "/r/"), (manager_, "/manage/people/"))
    assert all(browser.get(path).url == lost.address + path for browser, path in pages)
    (lost.folder / "backup").unlink()
    lost.back_up()
    lost.lose_and_restore()
    lost.wait_synced()
    reached = [browser.get(path).url for browser, path in pages]
    assert ["/sign-in" in url for url in reached] == [True, True], reached


def test_an_epoch_that_gates_send_and_no_server_signed_counts_for_nothing(lost: LostServer) -> None:
    assert lost.served is not None
    liars = [signed_gate(lost.served, gate_id) for gate_id in ("east", "garage")]
    liars[1].becomes("stolen", lost.served)
    for liar in liars:
        assert liar.asks(have=(MAX_COUNT, 9)).status_code == 200
    with lost.session() as session:
        said = session.get_one(Gate, "east").have_epoch
        assert (said, session.get_one(Gate, "garage").state) == (MAX_COUNT, "stolen")
    (lost.folder / "backup").unlink()
    lost.back_up()
    lost.lose_and_restore()
    assert "east" in lost.said
    claim = TombstoneBatch(have_epoch=MAX_COUNT, have_version=9, tombstones=())
    answers = []
    for liar in liars:
        assert liar.asks(have=(MAX_COUNT, 9)).status_code == 200
        answers.append(liar.posts(TOMBSTONES_PATH, claim).status_code)
    assert answers == [200, 409], "the restore takes tombstones of gates that it believes"
    lost.wait_synced()
    with lost.session() as session:
        assert session.scalars(select(Site.epoch)).one() == 2
        assert session.get_one(Gate, "north").have_epoch == 2
    assert lost.tap(15) == "granted"


def called(lost: LostServer, key: str) -> int:
    """Return the status of a call of another system with this key."""
    headers = {"Authorization": f"Bearer {key}"}
    return requests.get(f"{lost.address}/api/v1/people", headers=headers, timeout=60).status_code


def passes_the_password_step(lost: LostServer, email: str) -> bool:
    browser = lost.browser()
    browser.get("/staff/sign-in")
    return browser.post("/staff/sign-in", {"email": email, "password": PASSWORD}).status_code == 302


def first_sign_in(lost: LostServer, email: str) -> Browser:
    """Return the browser of a manager who got a link from the operator and set an authenticator up."""
    link = lost.menjin("staff-link", "--data-dir", lost.folder / "restored", email).splitlines()[0]
    browser = lost.browser()
    browser.get(link.removeprefix(lost.address))
    joined = browser.post("/staff/join", {"code": link.partition("code=")[2], "password": NEW_PASSWORD})
    assert joined.status_code == 303, joined.text
    browser.get("/staff/sign-in")
    asked = browser.post("/staff/sign-in", {"email": email, "password": NEW_PASSWORD})
    assert asked.status_code == 302, asked.text
    browser.get("/staff/authenticator")
    shown = browser.post("/staff/authenticator", {"setup": "authenticator"})
    secret = AUTHENTICATOR_KEY.search(shown.text)
    assert secret is not None
    done = browser.post("/staff/code", {"code": TOTP(secret[1].replace("-", "")).generate(time.time()).token})
    assert done.status_code == 302, done.text
    return browser


def test_keys_and_accounts_are_shut_and_listed_before_anyone_signs_in_after_a_restore(
    lost: LostServer,
) -> None:
    until = datetime.now(UTC) + timedelta(days=9)

    def key_named(name: str) -> MadeKey:
        with lost.act() as act:
            return make_api_key(manager(act), name=name, scopes=["people:read"], valid_until=until)

    ended, kept = key_named("ended after the backup"), key_named("in use")
    open_page = lost.served.signed_in("manager")
    (lost.folder / "backup").unlink()
    lost.back_up()
    made_after = key_named("made after the backup")
    with lost.act() as act:
        end_api_key(manager(act), ended.row.key_id)
        guard, office = (
            act.session.scalars(select(User).where(User.email == f"{role}@example.org")).one()
            for role in ("guard", "manager")
        )
        close_account(manager(act), guard.id)
        create_staff(act.session, "guard", "made-after@example.org", PASSWORD, TOTP_SECRET)
        keys, accounts = {ended.row.key_id, kept.row.key_id}, {str(guard.id), str(office.id)}
    assert [called(lost, key.text) for key in (ended, kept, made_after)] == [401, 200, 200]
    assert passes_the_password_step(lost, "made-after@example.org")
    lost.lose_and_restore()
    assert [called(lost, key.text) for key in (ended, kept, made_after)] == [401, 401, 401]
    assert "/sign-in" in open_page.get("/manage/people/").url
    emails = [f"{name}@example.org" for name in ("guard", "manager", "made-after")]
    assert [passes_the_password_step(lost, email) for email in emails] == [False, False, False]
    with lost.session() as session:  # no one has signed in: the lists are there already
        rows = open_reviews(session, session.scalars(select(Site.site_id)).one())
        listed = {kind: {row.subject_id for row in rows if row.kind == kind} for kind in ("api_key", "staff")}
        assert "made-after@example.org" not in set(session.scalars(select(User.email)))
    assert listed["api_key"] == keys
    assert listed["staff"] >= accounts
    page = first_sign_in(lost, "manager@example.org").get("/manage/restored/").text
    wanted = ("guard@example.org", "in use", "ended after the backup")
    assert [word for word in wanted if word not in page] == []
