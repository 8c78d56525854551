"""A compound on a file, each way its faces can end, and of whom each way must leave nothing."""

import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from tests.support.compounds.forgetting import GATES, Forgotten
from web_admin.action.base import Action
from web_admin.compound.models import Gate, Person
from web_admin.core.config import WebConfig
from web_admin.core.database import Database, Menjin, make_engine
from web_admin.core.sealing import Sealer
from web_admin.core.wrapping_keys import WrapKeys
from web_admin.credentials.actions import choose_methods
from web_admin.custody.leases import leases_for
from web_admin.custody.models import FaceShare
from web_admin.face import inactive
from web_admin.face.actions import disable_face, withdraw_face
from web_admin.face.endings import forget_everyone, forget_face
from web_admin.gates.actions import save_lane
from web_admin.gates.orders import mark_gate
from web_admin.gates.rules import LaneSpec
from web_admin.operations.incident_drill import DrillSetup, run_drill
from web_admin.people.actions import move_out
from web_admin.policy.effects import PolicyEffects
from web_admin.tables import METADATA

EVERYWHERE, FIRST_PERSON, NORTH = "everyone's", "the first person's", "the north gate's"


class Home(Forgotten):
    """A compound on a file, with what housekeeping needs."""

    def __init__(self, folder: Path, now: datetime) -> None:
        self.folder = folder
        database = Database(make_engine(f"sqlite:///{folder / 'menjin.sqlite3'}"))
        METADATA.create_all(database.engine)
        super().__init__(database, folder / "secrets", now)

    @property
    def menjin(self) -> Menjin:
        names = ("seal_key", "lookup_key", "session_key", "totp_key", "password_salt")
        keys = dict.fromkeys(names, b"k" * 32)
        config = WebConfig(
            database_url=f"sqlite:///{self.folder / 'menjin.sqlite3'}",
            data_dir=self.folder,
            secrets_dir=self.secrets_dir,
            public_url="http://127.0.0.1",
            face_key=b"",
            **keys,
        )
        return Menjin(config, self.database, self.sealer, lambda: self.now, PolicyEffects(self.sealer))

    def shares(self) -> set[tuple[str, str]]:
        with self.database.session() as session:
            return {(share.person_id, share.gate_id) for share in session.scalars(select(FaceShare))}

    def leased(self) -> set[tuple[str, str]]:
        with self.database.session() as session:
            return {
                (lease.person_id, gate_id)
                for gate_id in GATES
                for lease in leases_for(session, self.sealer, session.get_one(Gate, gate_id))
            }

    def doing(self, work: Callable[[Action], object]) -> None:
        with self.act() as act:
            work(act)


def unused(home: Home) -> None:
    for _month in range(7):
        inactive.remind(home.menjin, home.now)
        inactive.end_unused(home.menjin, home.now)
        home.later(days=31)


def breach(home: Home) -> None:
    setup = DrillSetup(
        home.database,
        home.sealer,
        PolicyEffects(home.sealer),
        home.site_id,
        "x",
        lambda: home.now,
        lambda s: home.later(seconds=s),
    )
    run_drill(setup, for_real=True, reason="", wait_seconds=1)


def without_face(gate_id: str) -> LaneSpec:
    return LaneSpec(f"{gate_id}-in", "In", "in", ("card", "pin", "qr"))


ENDINGS: dict[str, tuple[str, Callable[[Home], None]]] = {
    "withdrawal": (FIRST_PERSON, lambda h: h.doing(lambda act: withdraw_face(act, h.people[0]))),
    "face left out of the ways": (
        FIRST_PERSON,
        lambda h: h.doing(lambda act: choose_methods(act, h.people[0], {"card"})),
    ),
    "move-out": (FIRST_PERSON, lambda h: h.doing(lambda act: move_out(act, h.people[0]))),
    "coming of age": (
        FIRST_PERSON,
        lambda h: h.doing(
            lambda act: forget_face(act, act.session.get_one(Person, h.people[0]), "came_of_age")
        ),
    ),
    "inactivity": (EVERYWHERE, unused),
    "face taken off a lane": (
        NORTH,
        lambda h: h.doing(lambda act: save_lane(act, "north", without_face("north"))),
    ),
    "gate retired": (NORTH, lambda h: h.doing(lambda act: mark_gate(act, "north", "retired"))),
    "gate stolen": (NORTH, lambda h: h.doing(lambda act: mark_gate(act, "north", "stolen"))),
    "face switched off": (EVERYWHERE, lambda h: h.doing(disable_face)),
    "hand-over": (EVERYWHERE, lambda h: h.doing(lambda act: forget_everyone(act, "handed_over"))),
    "breach": (EVERYWHERE, breach),
}


def ended(home: Home, whose: str) -> set[tuple[str, str]]:
    """Return the (person, gate) pairs that an ending must leave nothing of."""
    everything = {(person_id, gate_id) for person_id in home.people for gate_id in GATES}
    return {
        EVERYWHERE: everything,
        FIRST_PERSON: {pair for pair in everything if pair[0] == home.people[0]},
        NORTH: {pair for pair in everything if pair[1] == "north"},
    }[whose]


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
