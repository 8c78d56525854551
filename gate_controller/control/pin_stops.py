"""Stop a home's PINs at this gate after very many wrong ones, until a person of the home proves who they are.

    COUNTED ── the hundredth wrong number ──> STOPPED, alarm_pin_stopped: no PIN of the home opens here
       ^                                          │ own card or code shown here, then one's own PIN
       │                                          │ or a new PIN in the home (phone page, desk, office)
       └────────────── pin_resumed ───────────────┘

Delays slow a guesser down and never end; this is the end. Each day forgives one wrong number, and a right
PIN the slips typed just before it, or a large family would reach a hundred in a year. A right PIN forgives
no others: a household that opens by PIN every day would give a guesser a new hundred every day.

While stopped every number is hashed, compared and refused alike, right or wrong, so answers reveal nothing; a
duress PIN still raises its alarm. Cards, phones, visitors' and emergency codes never stop (E10). A face whose
only other way is such a PIN waits with it, as its owner's neighbour without a face does (promises 1 and 2).
The count is on the disk before any answer is given.
"""

from datetime import timedelta

import msgspec

from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.journal_chain import Facts
from gate_controller.contract.policy import Policy
from gate_controller.contract.records import (
    EMERGENCY_HOME_NUMBER,
    CredentialState,
    Method,
    PinCredential,
    typed_number,
)
from gate_controller.control.parts import GateParts
from gate_controller.rules.decision import Claim, Decision, Reason
from gate_controller.storage.journal import WrongPins

STOPPED_AFTER = 100
SLIPS_FORGIVEN = 2
SLIP_SECONDS = 120.0
"""How long before a right PIN a wrong one at the same lane was a slip of the same hand."""
PROVEN_SECONDS = 60.0
"""How long after their card or code a person's PIN resumes what is stopped."""


class PinStops:
    """The wrong PINs of every home at one gate; used from the controller's thread only."""

    def __init__(self, parts: GateParts) -> None:
        """Read what was counted before the restart."""
        self._parts = parts
        self._record = parts.recorder.record
        self._wrong: dict[str, WrongPins] = parts.journal.wrong_pins()
        self._slips: dict[tuple[str, str], list[float]] = {}
        self._proven_until: dict[str, float] = {}

    def typed(self, lane_id: str, home_number: str, claim: Claim) -> Claim:
        """Return the claim of a typed number, refused where the home's PINs are stopped."""
        number = typed_number(home_number)
        wrong = self._wrong.get(number)
        is_pin = isinstance(claim.credential, PinCredential) or claim.refusal is Reason.PIN_WRONG
        if wrong is None or wrong.known_pins is None or not is_pin:
            return claim
        if self._is_proven(claim):
            self._resume(number, {"lane_id": lane_id, "by": "card_and_pin"}, {"person_id": claim.person_id})
            return claim
        return msgspec.structs.replace(claim, refusal=Reason.METHOD_STOPPED)

    def is_stopped(self, home_number: str) -> bool:
        """Return whether no PIN of the home opens at this gate."""
        wrong = self._wrong.get(typed_number(home_number))
        return wrong is not None and wrong.known_pins is not None

    def _is_proven(self, claim: Claim) -> bool:
        until = self._proven_until.get(claim.person_id or "", 0.0)
        live = claim.credential is not None and claim.credential.state is CredentialState.ACTIVE
        return live and self._parts.clock.monotonic_seconds() < until

    def decided(
        self, lane_id: str, claim: Claim, decision: Decision, home_number: str, policy: Policy
    ) -> None:
        """Count a wrong PIN, or forgive the slips before a right one.

        Raise sqlite3.Error if that cannot be kept.
        """
        number, now_seconds = typed_number(home_number), self._parts.clock.monotonic_seconds()
        if decision.reason is Reason.PIN_WRONG and number and number != EMERGENCY_HOME_NUMBER:
            self._slips.setdefault((lane_id, number), []).append(now_seconds)
            self._count(lane_id, number, policy)
        elif decision.opens and isinstance(claim.credential, PinCredential):
            self._forgive_slips(lane_id, number, now_seconds)

    def note_proof(self, claim: Claim, decision: Decision) -> None:
        """Remember a card or code that has opened, or waits for a second way.

        Its person's own PIN resumes what is stopped.
        """
        good = decision.opens or decision.reason is Reason.SECOND_METHOD
        is_proof = good and claim.method in (Method.CARD, Method.QR)
        if is_proof and claim.credential is not None:
            now_seconds = self._parts.clock.monotonic_seconds()
            proven = {who: until for who, until in self._proven_until.items() if now_seconds < until}
            self._proven_until = proven | {claim.credential.person_id: now_seconds + PROVEN_SECONDS}

    def _count(self, lane_id: str, number: str, policy: Policy) -> None:
        clock, now = self._parts.clock, self._parts.clock.now()
        before = self._wrong.get(number, WrongPins(0, now))
        # Under an unsure clock nothing is forgiven, and the days that have passed are counted later.
        days = max(0, (now - before.at).days) if clock.is_sure else 0
        wrong = WrongPins(
            max(0, before.count - days) + 1, before.at + timedelta(days=days), before.known_pins
        )
        stops = wrong.known_pins is None and wrong.count >= STOPPED_AFTER
        if stops:
            wrong = msgspec.structs.replace(wrong, known_pins=_live_pins(number, policy))
        self._keep(number, wrong)
        if stops:
            self._record(EventKind.ALARM_PIN_STOPPED, {"lane_id": lane_id}, {"home_number": number})

    def _forgive_slips(self, lane_id: str, number: str, now_seconds: float) -> None:
        slips = [at for at in self._slips.pop((lane_id, number), ()) if now_seconds - at < SLIP_SECONDS]
        wrong = self._wrong.get(number)
        if slips and wrong is not None:
            count = max(0, wrong.count - min(len(slips), SLIPS_FORGIVEN))
            self._keep(number, msgspec.structs.replace(wrong, count=count))

    def policy_taken(self, policy: Policy) -> None:
        """Resume the PINs of homes that have a new one since they stopped."""
        for number, wrong in list(self._wrong.items()):
            if wrong.known_pins is not None and set(_live_pins(number, policy)) - set(wrong.known_pins):
                self._resume(number, {"by": "new_pin"}, {"home_number": number})

    def _resume(self, number: str, facts: Facts, personal: Facts) -> None:
        self._keep(number, None)
        self._record(EventKind.PIN_RESUMED, facts, personal)

    def _keep(self, number: str, wrong: WrongPins | None) -> None:
        self._parts.journal.keep_wrong_pins(number, wrong)
        if wrong is None:
            self._wrong.pop(number, None)
        else:
            self._wrong[number] = wrong


def _live_pins(number: str, policy: Policy) -> tuple[str, ...]:
    """Return the ids of a home's PINs that open, without duress PINs: a new one must stay unnoticed."""
    home_id = policy.home_ids_by_number.get(number, "")
    return tuple(
        credential.credential_id
        for credential in policy.typed_by_home.get(home_id, ())
        if isinstance(credential, PinCredential)
        and credential.state is CredentialState.ACTIVE
        and not credential.duress
    )
