"""Read what gates are sent as `access` compares it: each person once, however many gates know them.

Made of the same parts as a publication (`publish.py`). A record that a gate's version does not take is fitted
or left out for that gate, as there.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from gate_controller.contract.features import FEATURES, fit, of_records
from gate_controller.contract.passes import VisitorPass
from gate_controller.contract.records import (
    CalendarRecord,
    Credential,
    EndedPassRecord,
    Grant,
    HoursRecord,
    LaneRecord,
    PersonRecord,
    SiteRecord,
    VisitorCodeCredential,
)
from web_admin.access.sent import GateSent, Part, PersonSent, Sent
from web_admin.compound.models import Gate
from web_admin.compound.queries import places_of_site
from web_admin.compound.ways import CLOSER
from web_admin.core.database import among
from web_admin.core.sealing import Sealer
from web_admin.policy.facts import GateFacts, SiteFacts, load_facts
from web_admin.policy.people_facts import Bound, CredentialFacts, HomeFacts
from web_admin.policy.records import PeopleRecords, PublishedPerson, SiteRecords
from web_admin.visitors.models import VisitorPassRow
from web_admin.visitors.pass_states import opens_now_or_later


def sent_to_gates(
    session: Session,
    sealer: Sealer,
    site_id: str,
    now: datetime,
    person_ids: Collection[str] | None = None,
    gate_ids: Collection[str] | None = None,
    *,
    as_paired: Collection[str] = (),
    bound_elsewhere: Bound | None = None,
) -> Sent:
    """Return what gates of a site are sent in this transaction: these or all, of these people or of everyone.

    Every gate counts as one in contact, and these stolen ones as if they were not. `bound_elsewhere` is as in
    `load_facts`. Raises PolicyRefused on words that no gate would know.
    """
    facts = load_facts(session, site_id, now, person_ids, gate_ids, bound_elsewhere=bound_elsewhere)
    if as_paired:
        gates = [one._replace(state="paired") if one.gate_id in as_paired else one for one in facts.gates]
        facts = replace(facts, gates=gates)
    of_site = SiteRecords(facts, now)
    passes = _passes(session, site_id, now, person_ids)
    people = _people(facts, PeopleRecords(facts, sealer, now), passes, _WaysHome(session, facts))
    alike: dict[frozenset[str], list[GateFacts]] = {}
    parts = []
    for gate in facts.gates:
        if gate.state == "paired":
            alike.setdefault(of_records(gate.knows), []).append(gate)
        else:  # a stolen gate is sent no person
            parts.append(Part((_gate(of_site, gate),), {}))
    parts += [
        Part(tuple(_gate(of_site, gate) for gate in gates), _fitted(people, knows))
        for knows, gates in sorted(alike.items(), key=lambda one: one[1][0].gate_id)
    ]
    return Sent(tuple(parts))


def _gate(of_site: SiteRecords, gate: GateFacts) -> GateSent:
    records = [
        fitted
        for key, record in of_site.records(gate)
        if not isinstance(record, PersonRecord) and (fitted := fit(key, record, gate.knows)) is not None
    ]
    (site,) = (one for one in records if isinstance(one, SiteRecord))
    return GateSent(
        gate.gate_id,
        site,
        next((one for one in records if isinstance(one, CalendarRecord)), None),
        {one.hours_id: one for one in records if isinstance(one, HoursRecord)},
        {one.lane_id: one for one in records if isinstance(one, LaneRecord)},
        frozenset(one.pass_id for one in records if isinstance(one, EndedPassRecord)),
    )


def _people(
    facts: SiteFacts,
    records: PeopleRecords,
    passes: Mapping[str, tuple[VisitorPass, ...]],
    ways_home: "_WaysHome",
) -> dict[str, PersonSent]:
    gates = [(gate, records.places_of_face(gate)) for gate in facts.gates if gate.state == "paired"]
    hidden = _hidden(facts, records, [gate for gate, _ in gates])
    people, lanes = {}, _LanesOfGrants()
    for one in records.people():
        person_id = one.record.person_id
        faces = {}
        for gate, places in gates if one.wants_face else ():
            grants = one.grants_at(gate.gate_id)
            face = records.face_at(one, gate, grants, places) if grants else None
            if face is not None:
                faces[gate.gate_id] = face.valid_until
        grants = tuple(
            Grant(lanes.of(by_gate), grant.hours_id, grant.valid_from, grant.valid_until)
            for grant, by_gate in one.grants
        )
        credentials = [(row, record) for _, row, record in one.credentials]
        people[person_id] = PersonSent(
            msgspec.structs.replace(one.record, grants=grants),
            () if one.home is None else (one.home,),
            tuple(sent for row, record in credentials if (sent := _code(facts, row, record)) is not None),
            faces,
            hidden.get(person_id, {}),
            passes.get(person_id, ()),
            frozenset(row.credential_id for row, _ in credentials if not row.in_hand),
            ways_home.to(facts.homes.get(one.person.home_id or "")),
        )
    return people


class _WaysHome:
    """The live lanes on the ways to homes: at the outer gates, at the building, at the unit."""

    def __init__(self, session: Session, facts: SiteFacts) -> None:
        self._places = places_of_site(session, facts.site.site_id)
        placed = select(Gate.gate_id, Gate.place_id).where(among(session, Gate.gate_id, facts.lanes))
        self._lanes: dict[str | None, set[str]] = {}
        for gate_id, place_id in session.execute(placed):
            self._lanes.setdefault(place_id, set()).update(lane.lane_id for lane in facts.lanes[gate_id])
        self._known: dict[str | None, tuple[frozenset[str], ...]] = {}

    def to(self, home: HomeFacts | None) -> tuple[frozenset[str], ...]:
        """Return the lanes on the way to a home by its stages; nothing where no record says where it is."""
        place = self._places.of_home(home)
        if home is None or (place is None and self._places.of_homes):
            return ()
        key = place.place_id if place is not None else None
        if key not in self._known:
            way = self._places.way(place)
            self._known[key] = tuple(
                frozenset().union(*(self._lanes.get(at.place_id, ()) for at in way if at.kind == kind))
                for kind in CLOSER
            )
        return self._known[key]


class _LanesOfGrants:
    """The live lanes of grants; those that name the same lanes share one tuple."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Mapping[str, tuple[str, ...]], tuple[str, ...]]] = {}

    def of(self, by_gate: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        if id(by_gate) not in self._known:
            self._known[id(by_gate)] = by_gate, tuple(lane for here in by_gate.values() for lane in here)
        return self._known[id(by_gate)][1]


def _code(facts: SiteFacts, row: CredentialFacts, record: Credential) -> Credential | None:
    """Return a credential with the lanes of a visitor's code; None for a code that no gate is sent."""
    if not isinstance(record, VisitorCodeCredential):
        return record
    named = row.lanes or ()
    if len({facts.gate_of_lane.get(lane_id) for lane_id in named} - {None}) > 1:
        return None
    return msgspec.structs.replace(record, lanes=tuple(named))


def _hidden(
    facts: SiteFacts, records: PeopleRecords, gates: Sequence[GateFacts]
) -> dict[str, dict[str, frozenset[str]]]:
    """Return by person and gate the credentials whose number leads to another one: the last one counts."""
    equal: dict[object, list[tuple[str, PublishedPerson]]] = {}
    for one in records.people():
        for _, row, record in one.credentials:
            secret = records.secrets.get(row.credential_id)
            if secret is not None and _code(facts, row, record) is not None:
                key = secret if isinstance(secret, int) else (one.record.home_id, secret)
                equal.setdefault(key, []).append((row.credential_id, one))
    hidden: dict[str, dict[str, set[str]]] = {}
    for holders in equal.values():
        for gate in gates if len(holders) > 1 else ():
            here = sorted(
                (each for each in holders if each[1].grants_at(gate.gate_id)), key=lambda one: one[0]
            )
            for credential_id, one in here[:-1]:
                of_person = hidden.setdefault(one.record.person_id, {})
                of_person.setdefault(gate.gate_id, set()).add(credential_id)
    return {
        person_id: {gate_id: frozenset(ids) for gate_id, ids in by_gate.items()}
        for person_id, by_gate in hidden.items()
    }


def _fitted(people: Mapping[str, PersonSent], knows: Collection[str]) -> Mapping[str, PersonSent]:
    """Return people as gates with these features understand their records."""
    unknown = {feature.kind for feature in FEATURES if feature.name not in knows}
    if unknown.isdisjoint(("person", "credential", "home", "face")):
        return people
    fitted = {}
    for person_id, person in people.items():
        record = fit(f"person:{person_id}", person.record, knows)
        if isinstance(record, PersonRecord):
            credentials = (fit(f"credential:{one.credential_id}", one, knows) for one in person.credentials)
            homes = (fit(f"home:{one.home_id}", one, knows) for one in person.homes)
            fitted[person_id] = PersonSent(
                record,
                tuple(one for one in homes if one is not None),  # type: ignore[misc]  # of its own kind
                tuple(one for one in credentials if one is not None),  # type: ignore[misc]  # likewise
                person.faces,
                person.hidden,
                person.passes,
                person.not_in_hand,
                person.way_home,
            )
    return fitted


def _passes(
    session: Session, site_id: str, now: datetime, person_ids: Collection[str] | None
) -> dict[str, tuple[VisitorPass, ...]]:
    """Return by person the passes that they gave out and that may open yet."""
    query = select(VisitorPassRow).where(
        VisitorPassRow.site_id == site_id,
        VisitorPassRow.issuer_person_id.is_not(None),
        opens_now_or_later(now),
    )
    if person_ids is not None:
        query = query.where(among(session, VisitorPassRow.issuer_person_id, person_ids))
    given: dict[str, tuple[VisitorPass, ...]] = {}
    for row in session.scalars(query.order_by(VisitorPassRow.pass_id)):
        issuer_id = row.issuer_person_id or ""
        one = VisitorPass(
            row.pass_id, issuer_id, tuple(row.gate_numbers), row.valid_from, row.valid_until, row.uses
        )
        given[issuer_id] = (*given.get(issuer_id, ()), one)
    return given
