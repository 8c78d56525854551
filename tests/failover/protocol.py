"""Kill one part after another under load, and compare what was acknowledged with what is there afterwards."""

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import func, select

from gate_controller.contract.signing import public_bytes
from tests.failover.cluster import PATIENCE_SECONDS, Cluster
from tests.failover.installation import Installation, installed, menjin_web
from tests.failover.load import Act, Load, LoadGate, Office, Resident
from tests.served.ringing_gates import RingingGate, are_quiet, run_gates
from tests.served.served_compound import ServedCompound
from tests.support.acting import ALL_METHODS
from tests.support.compounds.cards import card_was_shown
from tests.support.gates.waiting import until
from web_admin.accounts.models import User
from web_admin.action.base import new_action, one_publication
from web_admin.compound.models import CredentialRow, Gate, Person
from web_admin.compound.policy_models import PolicyRecordRow
from web_admin.core.database import current_menjin
from web_admin.credentials.cards import issue_card
from web_admin.custody.models import FaceShare
from web_admin.custody.shares import FACE_PURPOSE, live_face_consents
from web_admin.face.actions import give_face_consent
from web_admin.face.queries import newest_notice
from web_admin.gates.actions import save_lane
from web_admin.gates.rules import LaneSpec
from web_admin.journal.ledger import verify_audit
from web_admin.journal.models import GateEvent
from web_admin.people.actions import add_person
from web_admin.people.invitations import invite

GATES = ("north", "east")
HEARING = ("stair-1", "stair-2")
"""Gates that hear their bell; those above ask and send all the time."""
ACTS_BEFORE, ACTS_AFTER = 3, 6
"""Rounds of each gate and of the office around each kill."""


@dataclass
class Phase:
    """What was killed, and the span of time whose acts count to it."""

    name: str
    began: float
    ended: float = 0.0
    acts: list[Act] = field(default_factory=list)


@dataclass
class Findings:
    """What is wrong at the end; each list is empty where nothing is."""

    acknowledged: dict[str, int]
    events_lost: list[str] = field(default_factory=list)
    events_twice: list[str] = field(default_factory=list)
    withdrawals_back: list[str] = field(default_factory=list)
    publications_lost: list[str] = field(default_factory=list)
    publications_twice: list[str] = field(default_factory=list)

    @property
    def are_none(self) -> bool:
        """Return whether all that was acknowledged is there once."""
        return not (
            self.events_lost
            or self.events_twice
            or self.withdrawals_back
            or self.publications_lost
            or self.publications_twice
        )


@dataclass
class Protocol:
    """An installation under load."""

    made: Installation
    load: Load = field(default_factory=Load)
    gates: list[LoadGate] = field(default_factory=list)
    residents: list[Resident] = field(default_factory=list)
    office: Office | None = None
    hearing: list[RingingGate] = field(default_factory=list)
    bells: dict[str, float] = field(default_factory=dict)
    """Seconds from the kill of the broker, and from its start, until what is named."""
    phases: list[Phase] = field(default_factory=list)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Count what is done meanwhile to one kill; one resident withdraws before it, one during it."""
        phase = Phase(name, time.monotonic())
        self.goes_on(ACTS_BEFORE)
        free = [one for one in self.residents if one.act is None]
        if free:
            free[0].withdraws(self.load)
        if len(free) > 1:
            self.load.do_beside(lambda: free[1].withdraws(self.load))
        yield
        self.goes_on(ACTS_AFTER)
        self.load.settle()
        phase.ended = time.monotonic()
        sys.stderr.write(f"{name}: done after {phase.ended - phase.began:.0f} s\n")
        phase.acts = [act for act in self.load.acts if phase.began <= act.began < phase.ended]
        self.phases.append(phase)

    def goes_on(self, rounds: int) -> None:
        """Return once each gate and the office have done so many rounds more."""
        counts = [(len(gate.entries), gate) for gate in self.gates]
        added = len(self.office.added) if self.office else 0
        until(
            lambda: (
                all(len(gate.entries) >= before + rounds for before, gate in counts)
                and self.office is not None
                and len(self.office.added) >= added + rounds
            ),
            lambda: [act for act in self.load.acts if act.acknowledged is None],
            patience=PATIENCE_SECONDS,
        )

    def findings(self) -> Findings:
        """Compare what was acknowledged with what the database has."""
        assert self.made.compound is not None
        assert self.office is not None
        withdrawn = [one for one in self.residents if one.act is not None and one.act.acknowledged]
        found = Findings(
            {
                "events": sum(gate.acknowledged for gate in self.gates),
                "withdrawals": len(withdrawn),
                "publications": len(self.office.added),
            }
        )
        with self.made.compound.app.app_context(), current_menjin().database.session() as session:
            for gate in self.gates:
                found.events_lost += gate.lost
                rows = session.execute(
                    select(GateEvent.seq, GateEvent.digest).where(
                        GateEvent.gate_id == gate.gate_id, GateEvent.journal_id == f"{gate.gate_id}.1"
                    )
                ).all()
                stored: dict[int, list[bytes]] = {}
                for seq, digest in rows:
                    stored.setdefault(seq, []).append(digest)
                for entry in gate.entries[: gate.acknowledged]:
                    name = f"{gate.gate_id} {entry.seq}"
                    if entry.digest not in stored.get(entry.seq, []):
                        found.events_lost.append(name)
                    elif len(stored[entry.seq]) > 1:
                        found.events_twice.append(name)
            live = live_face_consents(session, self.made.compound.site_id)
            for one in withdrawn:
                key = f"face:{one.person_id}"
                published = session.scalars(
                    select(PolicyRecordRow.value).where(
                        PolicyRecordRow.key == key, PolicyRecordRow.value.is_not(None)
                    )
                ).all()
                shares = session.scalars(
                    select(FaceShare.gate_id).where(FaceShare.person_id == one.person_id)
                ).all()
                if one.person_id in live or published or shares:
                    found.withdrawals_back.append(one.person_id)
            for name in self.office.added:
                ids = session.scalars(select(Person.person_id).where(Person.display_name == name)).all()
                at_gates = (
                    session.scalar(
                        select(func.count())
                        .select_from(PolicyRecordRow)
                        .where(PolicyRecordRow.key == f"person:{ids[0]}")
                    )
                    if ids
                    else 0
                )
                if not ids or not at_gates:
                    found.publications_lost.append(name)
                elif len(ids) > 1:
                    found.publications_twice.append(name)
            verify_audit(session, self.made.compound.site_id)
        return found

    def published(self) -> dict[str, int]:
        """Return which version of the policy each gate that hears should have."""
        assert self.made.compound is not None
        with self.made.compound.app.app_context(), current_menjin().database.session() as session:
            return {gate_id: session.get_one(Gate, gate_id).published_version for gate_id in HEARING}

    def certificates(self) -> str:
        """Change the key that withdrawals asked for, and return what each machine says of its keys."""
        menjin_web("rotate-keys", "--data-dir", str(self.made.web[0].folder))

        def said() -> str:
            return menjin_web("machines", "--data-dir", str(self.made.web[1].folder))

        until(lambda: said().count(" 1 held") == len(self.made.web), said)
        return said()


@contextmanager
def under_load(cluster: Cluster, folder: Path, residents: int) -> Iterator[Protocol]:
    """Set everything up, sign everyone in and let the load begin."""
    with ExitStack() as stack:
        made = stack.enter_context(installed(cluster, folder))
        protocol = Protocol(made)
        _people(protocol, residents)
        _listen(protocol, stack)
        for number, gate in enumerate(protocol.gates):
            gate.client = made.client(number)
            protocol.load.keep_doing(lambda gate=gate: gate.one_round(protocol.load))  # type: ignore[misc]
        office = protocol.office
        assert office is not None
        protocol.load.keep_doing(lambda: office.one_round(protocol.load))
        try:
            yield protocol
        finally:
            protocol.load.end()


def _people(protocol: Protocol, residents: int) -> None:
    made = protocol.made
    compound = made.compound
    assert compound is not None
    served = ServedCompound(made.address, compound, made.folder / "web1.log", None)  # type: ignore[arg-type]
    codes = []
    with compound.act("manager") as act, one_publication(act) as part:
        session = part.session
        for gate_id in GATES:
            save_lane(part, gate_id, LaneSpec(f"{gate_id}-in", gate_id, "in", ALL_METHODS))
        home_id = session.scalars(select(Person.home_id).where(Person.home_id.is_not(None))).first()
        notice = newest_notice(session, FACE_PURPOSE, "en")
        assert notice is not None
        assert home_id is not None
        for number in range(residents):
            person = add_person(part, display_name=f"Resident {number}", home_id=home_id)
            issue_card(part, person.person_id, 4_300_000 + number)
            menjin = current_menjin()
            own = new_action(menjin, session, compound.site_id, person.person_id, "phone", now=part.now)
            give_face_consent(own, person.person_id, notice.version, "en")
            codes.append((person.person_id, invite(part, person.person_id)))
        card = session.scalars(select(CredentialRow).where(CredentialRow.person_id == codes[0][0])).first()
        assert card is not None
        passes = (codes[0][0], card.credential_id)
        for gate_id in GATES:
            key = Ed25519PrivateKey.generate()
            gate = session.get_one(Gate, gate_id)
            gate.state, gate.public_key, gate.journal_id = "paired", public_bytes(key), f"{gate_id}.1"
            gate.acknowledged_seq, gate.head_digest, gate.request_counter = 0, None, 0
            protocol.gates.append(LoadGate(made.address, compound.site_id, gate_id, key, passes=passes))
    for number, (person_id, code) in enumerate(codes):
        browser = made.browser(20 + number)
        browser.get("/r/welcome")
        answer = browser.post("/r/welcome", {"code": code})
        assert answer.status_code == 303, answer.text
        card_was_shown(compound.app, person_id)
        browser.get("/r/face/off")
        protocol.residents.append(Resident(person_id, browser))
    protocol.office = Office(_manager(served, made), home_id, tuple(f"{gate_id}-in" for gate_id in GATES))


def _listen(protocol: Protocol, stack: ExitStack) -> None:
    """Let gates hear their bells, and everyone who is added pass there too."""
    made, office = protocol.made, protocol.office
    assert made.compound is not None
    assert made.proxy is not None
    assert made.broker_ca is not None
    assert office is not None
    served = ServedCompound(made.address, made.compound, made.folder / "web1.log", None)  # type: ignore[arg-type]
    protocol.hearing += stack.enter_context(
        run_gates(served, made.folder / "gates", HEARING, made.broker_ca, made.proxy.server_ca)
    )
    office.lanes += tuple(f"{gate_id}-in" for gate_id in HEARING)
    until(are_quiet(protocol.hearing))


def _manager(served: ServedCompound, made: Installation):  # type: ignore[no-untyped-def]
    browser = made.browser(5)
    with served.compound.app.app_context(), current_menjin().database.session() as session:
        account = session.scalars(select(User).where(User.email == "manager@example.org")).one()
        account.last_totp_counter = None
    served.sign_in(browser, "manager")
    browser.get("/manage/people/new")
    return browser


def table(phases: list[Phase]) -> Iterator[str]:
    """Give the lines of the protocol: per kill and kind the acts, tries that failed, how long they waited."""
    yield "| what happened | act | acknowledged | tries that failed | median wait | longest wait |"
    yield "|---|---|---|---|---|---|"
    for phase in phases:
        for kind in sorted({act.kind for act in phase.acts}):
            acts = [act for act in phase.acts if act.kind == kind]
            done = [act for act in acts if act.acknowledged is not None]
            waits = [act.waited for act in acts]
            yield (
                f"| {phase.name} | {kind} | {len(done)} of {len(acts)} | "
                f"{sum(len(act.failures) for act in acts)} | {median(waits):.2f} s | {max(waits):.1f} s |"
            )
