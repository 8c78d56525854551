"""What a gate's newest policy forbade stays forbidden after a restore, at the real server and gate."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from gate_controller.contract.messages import Tombstone
from tests.served.lost_server import LostServer, compound_to_lose
from web_admin.action.base import Action
from web_admin.compound.models import Gate
from web_admin.core.config import WebConfig
from web_admin.credentials.actions import suspend_credential
from web_admin.credentials.cards import issue_card
from web_admin.gates.orders import set_override
from web_admin.people.actions import move_out, set_grants, suspend_person

pytestmark = pytest.mark.wide

MAX_COUNT = 2**31 - 1

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
        suspend_person(manager(act), person_of(lost, "陈立"), "left")
        set_grants(manager(act), person_of(lost, "赵敏"), [])
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
        (f"credential:{number:016x}", msgspec.json.encode(Tombstone(
            record_key=f"credential:{number:016x}", ended_at=datetime.now(UTC), epoch=1, version=99)))
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


def test_an_epoch_that_no_server_signed_counts_for_nothing(lost: LostServer) -> None:
    lost.lose_and_restore()
    with lost.session() as session:
        session.get_one(Gate, "north").have_epoch = MAX_COUNT
        session.get_one(Gate, "garage").have_epoch = MAX_COUNT
    lost.wait_synced()
    assert lost.tap(15) == "granted"
