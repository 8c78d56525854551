"""Promise 5, the server's half: whatever ends a face leaves no share, no lease, and a certificate begun.

And what was stolen opens nothing: not the server's database, log and backups, not these with its secrets
as long as the gate's disk is missing, not a copy from before once the wrapping key was changed.

Does not cover: a server and a gate in one hand, or memory read from a machine that runs.
"""

import base64
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from gate_controller.face.errors import FaceError
from gate_controller.face.template_store import TemplatePlace, open_template, seal_template
from tests.forgotten import GATES, Forgotten
from web_admin import housekeeping, inactive_faces
from web_admin.acts import Act, ActRefused
from web_admin.backup import write_backup
from web_admin.breach_drill import Drilling, run_drill
from web_admin.config import WebConfig
from web_admin.consents import disable_face, withdraw_face
from web_admin.credentials import choose_methods
from web_admin.custody import leases_for
from web_admin.database import Database, Menjin, make_engine
from web_admin.forgetting_models import ForgettingRow
from web_admin.gate_orders import mark_gate
from web_admin.gates_and_lanes import LaneSpec, save_lane
from web_admin.homes_and_people import move_out
from web_admin.key_rotation import rotation_due_since
from web_admin.model_base import Base
from web_admin.models import FaceShare, Gate, Person
from web_admin.sealing import SealBroken, Sealer
from web_admin.withdrawals import forget_everyone, forget_face
from web_admin.wrap_keys import WrapKeys

EVERYWHERE, FIRST_PERSON, NORTH = "everyone's", "the first person's", "the north gate's"


class Home(Forgotten):
    """A compound on a file, with what housekeeping needs."""

    def __init__(self, folder: Path, now: datetime) -> None:
        self.folder = folder
        database = Database(make_engine(f"sqlite:///{folder / 'menjin.sqlite3'}"))
        Base.metadata.create_all(database.engine)
        super().__init__(database, folder / "secrets", now)

    @property
    def menjin(self) -> Menjin:
        names = ("seal_key", "lookup_key", "session_key", "totp_key", "password_salt")
        keys = dict.fromkeys(names, b"k" * 32)
        config = WebConfig(
            database_url=f"sqlite:///{self.folder / 'menjin.sqlite3'}", data_dir=self.folder,
            secrets_dir=self.secrets_dir, public_url="http://127.0.0.1", face_key=b"", **keys,
        )  # fmt: skip
        return Menjin(config, self.database, self.sealer, lambda: self.now)

    def shares(self) -> set[tuple[str, str]]:
        with self.database.session() as session:
            return {(share.person_id, share.gate_id) for share in session.scalars(select(FaceShare))}

    def leased(self) -> set[tuple[str, str]]:
        with self.database.session() as session:
            return {
                (lease.person_id, gate_id)
                for gate_id in GATES
                for lease in leases_for(session, self.sealer, session.get_one(Gate, gate_id), self.now)
            }

    def doing(self, work: Callable[[Act], object]) -> None:
        with self.act() as act:
            work(act)


def unused(home: Home) -> None:
    for _month in range(7):
        inactive_faces.remind(home.menjin, home.now)
        inactive_faces.end_unused(home.menjin, home.now)
        home.later(days=31)


def breach(home: Home) -> None:
    drilling = Drilling(
        home.database, home.sealer, home.site_id, "x", lambda: home.now, lambda s: home.later(seconds=s)
    )
    run_drill(drilling, for_real=True, reason="", wait_seconds=1)


def without_face(gate_id: str) -> LaneSpec:
    return LaneSpec(f"{gate_id}-in", "In", "in", ("card", "pin", "qr"))


ENDINGS: dict[str, tuple[str, Callable[[Home], None]]] = {
    "withdrawal": (FIRST_PERSON, lambda h: h.doing(lambda act: withdraw_face(act, h.people[0]))),
    "face left out of the ways": (
        FIRST_PERSON, lambda h: h.doing(lambda act: choose_methods(act, h.people[0], {"card"}))),
    "move-out": (FIRST_PERSON, lambda h: h.doing(lambda act: move_out(act, h.people[0]))),
    "coming of age": (
        FIRST_PERSON,
        lambda h: h.doing(
            lambda act: forget_face(act, act.session.get_one(Person, h.people[0]), "came_of_age"))),
    "inactivity": (EVERYWHERE, unused),
    "face taken off a lane": (
        NORTH, lambda h: h.doing(lambda act: save_lane(act, "north", without_face("north")))),
    "gate retired": (NORTH, lambda h: h.doing(lambda act: mark_gate(act, "north", "retired"))),
    "gate stolen": (NORTH, lambda h: h.doing(lambda act: mark_gate(act, "north", "stolen"))),
    "face switched off": (EVERYWHERE, lambda h: h.doing(disable_face)),
    "hand-over": (EVERYWHERE, lambda h: h.doing(lambda act: forget_everyone(act, "handed_over"))),
    "breach": (EVERYWHERE, breach),
}  # fmt: skip


def ended(home: Home, whose: str) -> set[tuple[str, str]]:
    """Return the (person, gate) pairs that an ending must leave nothing of."""
    everything = {(person_id, gate_id) for person_id in home.people for gate_id in GATES}
    return {
        EVERYWHERE: everything,
        FIRST_PERSON: {pair for pair in everything if pair[0] == home.people[0]},
        NORTH: {pair for pair in everything if pair[1] == "north"},
    }[whose]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, module_now: datetime) -> Home:
    return Home(tmp_path_factory.mktemp("first"), module_now)


@pytest.fixture(scope="module")
def module_now() -> datetime:
    return datetime(2026, 3, 4, 4, 0, tzinfo=UTC)


def copy_of(first: Home, folder: Path) -> Home:
    """Return the same compound again, untouched."""
    first.database.engine.dispose()
    shutil.copytree(first.folder, folder)
    home = object.__new__(Home)
    home.__dict__.update(first.__dict__)
    home.folder, home.secrets_dir = folder, folder / "secrets"
    home.database = Database(make_engine(f"sqlite:///{folder / 'menjin.sqlite3'}"))
    home.sealer = Sealer(b"s" * 32, b"l" * 32, WrapKeys(b"f" * 32, home.secrets_dir))
    return home


@pytest.mark.parametrize("ending", ENDINGS)
def test_after_every_ending_no_share_is_left_and_none_is_leased(
    first: Home, tmp_path: Path, ending: str
) -> None:
    home = copy_of(first, tmp_path / "home")
    before = home.shares()
    whose, end = ENDINGS[ending]
    gone = ended(home, whose)
    assert gone <= before
    assert home.leased() == before
    end(home)
    assert home.shares() == home.leased() == before - gone, "and nobody else's"
    with home.database.session() as session:
        begun = {(row.consent_id, row.gate_id) for row in session.scalars(select(ForgettingRow))}
        assert len(begun) == len(gone)
    concerned = [number for number, person_id in enumerate(home.people) if (person_id, "north") in gone]
    certified = {
        (home.people[number], gate.gate_id)
        for number in concerned
        for gate in home.certificate(number).statement.gates
    }
    assert certified == gone
    done = housekeeping.run(home.menjin, home.now)
    assert -1 not in done.values()
    with home.database.session() as session:
        assert rotation_due_since(session) is None
    assert home.leased() == before - gone, "those who stay go on under the new key"


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(sorted(ENDINGS)), min_size=2, max_size=5))
def test_over_any_order_of_endings_what_ended_stays_ended(
    first: Home, tmp_path: Path, endings: list[str]
) -> None:
    folder = tmp_path / os.urandom(4).hex()
    home = copy_of(first, folder)
    everything, gone = home.shares(), set()
    for ending in endings:
        whose, end = ENDINGS[ending]
        gone |= ended(home, whose)
        with suppress(ActRefused):  # one act may be refused after another; no share may stay
            end(home)
        assert home.shares() <= everything - gone
        assert home.leased() <= home.shares()
    home.database.engine.dispose()
    shutil.rmtree(folder)


# -- what a thief gets -----------------------------------------------------------------------------


def everything_on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def forms(secret: bytes) -> list[bytes]:
    """Return a secret as it might lie in a file: raw, hex, base64."""
    return [secret, secret.hex().encode(), base64.b64encode(secret), base64.b64encode(secret)[:40]]


def test_a_stolen_server_yields_neither_share_nor_template_nor_key(
    first: Home, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Database, write-ahead log, backup and log are searched for what the gates hold in memory."""
    home = copy_of(first, tmp_path / "home")
    with home.database.session() as session:
        shares = [
            lease.share
            for gate_id in GATES
            for lease in leases_for(session, home.sealer, session.get_one(Gate, gate_id), home.now)
        ]
    assert len(shares) == 4
    (home.folder / "backups").mkdir()
    config, passphrase, backups = home.menjin.config, "a long passphrase", home.folder / "backups"
    write_backup(home.database, config, passphrase, backups / "1.bak", home.now)
    home.doing(lambda act: withdraw_face(act, home.people[0]))
    housekeeping.run(home.menjin, home.now)
    write_backup(home.database, config, passphrase, backups / "2.bak", home.now)
    assert (home.folder / "menjin.sqlite3-wal").stat().st_size > 0
    stolen = everything_on_disk(home.folder) + caplog.text.encode()
    wrapping = b"f" * 32
    for secret in (*shares, wrapping):
        for form in forms(secret):
            assert form not in stolen


def test_a_stolen_server_with_all_its_secrets_opens_no_template_without_the_gates_disk(
    first: Home, tmp_path: Path
) -> None:
    home = copy_of(first, tmp_path / "home")
    with home.database.session() as session:
        lease = leases_for(session, home.sealer, session.get_one(Gate, "north"), home.now)[0]
    template = np.linspace(-1, 1, 128, dtype=np.float32)
    place = TemplatePlace(home.site_id, "north", b"the gate's own secret, 32 bytes!")
    blob = seal_template(
        template, place=place, share=lease.share, person_id=lease.person_id, consent_id=lease.consent_id,
        engine="yunet-sface",
    )
    assert np.array_equal(open_template(blob, place=place, share=lease.share), template), "it can be opened"
    guessed = TemplatePlace(home.site_id, "north", b"k" * 32)
    with pytest.raises(FaceError):
        open_template(blob, place=guessed, share=lease.share)
    assert template.tobytes() not in everything_on_disk(home.folder)
    assert blob.ciphertext not in everything_on_disk(home.folder), "nor does the server have the sealed one"


def test_a_copy_of_the_database_from_before_opens_nothing_once_the_key_was_changed(
    first: Home, tmp_path: Path
) -> None:
    home = copy_of(first, tmp_path / "home")
    home.database.engine.dispose()
    shutil.copy(home.folder / "menjin.sqlite3", tmp_path / "old.sqlite3")
    home.doing(lambda act: withdraw_face(act, home.people[0]))
    home.later(minutes=10)
    housekeeping.run(home.menjin, home.now)
    assert home.now - first.now <= timedelta(hours=24)
    with sqlite3.connect(tmp_path / "old.sqlite3") as connection:
        old = [row[0] for row in connection.execute("SELECT share_sealed FROM face_share")]
    connection.close()
    assert len(old) == 4
    thief = Sealer(b"s" * 32, b"l" * 32, WrapKeys(None, home.secrets_dir))
    for sealed in old:
        with pytest.raises(SealBroken):
            thief.open(sealed, purpose="face-share")
