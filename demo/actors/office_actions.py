"""The steps' interface to the property office, implemented by the actions behind the manager's pages."""

from dataclasses import replace
from datetime import timedelta
from typing import Protocol

import msgspec

from demo.actors.office import Office
from gate_controller.contract.lane_sheet import LaneSheet
from web_admin.compound.models import Lane
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.actions import end_credential
from web_admin.credentials.cards import issue_card
from web_admin.gates.actions import save_lane
from web_admin.gates.orders import approve_pairing, clear_override, lockdown_site, make_pair_code
from web_admin.gates.rules import spec_of
from web_admin.gates.sheet_models import LaneSheetRow
from web_admin.gates.sheets import save_sheet, sheets_of

LOCKDOWN = timedelta(minutes=30)


class DeskRefused(Exception):
    """The office's program said no; holds its sentence."""


class Desk(Protocol):
    """What the script needs of the office, by page or by action."""

    def pair_code(self, gate_id: str) -> str:
        """Return a one-time code for the installer."""
        ...

    def approve(self, pair_id: str, gate_id: str) -> None:
        """Confirm that both screens show the same sixteen characters."""
        ...

    def lock_down(self, reason: str) -> None:
        """Lock every lane in."""
        ...

    def end_lockdown(self) -> None:
        """Give the lanes their usual posture back."""
        ...

    def offer_only(self, lane_id: str, methods: tuple[str, ...]) -> None:
        """Offer exactly these methods at a lane; raise DeskRefused."""
        ...

    def change_sheet(self, lane_id: str, key: str, word: str) -> None:
        """Put a lane live with one answer of its sheet changed; raise DeskRefused."""
        ...

    def end_card(self, person_id: str, credential_id: str, reason: str) -> None:
        """End a card for good."""
        ...

    def issue_card(self, person_id: str, number: int) -> None:
        """Bind a card to a person."""
        ...


class OfficeDesk:
    """The actions themselves, in a process beside the server."""

    def __init__(self, office: Office) -> None:
        """Remember the office."""
        self.office = office

    def pair_code(self, gate_id: str) -> str:
        """Return a one-time code for the installer."""
        with self.office.act() as act:
            return make_pair_code(act, gate_id)

    def approve(self, pair_id: str, gate_id: str) -> None:
        """Confirm that both screens show the same sixteen characters."""
        del gate_id
        with self.office.act() as act:
            approve_pairing(act, pair_id)

    def lock_down(self, reason: str) -> None:
        """Lock every lane in."""
        with self.office.act() as act:
            lockdown_site(act, reason, act.now + LOCKDOWN)

    def end_lockdown(self) -> None:
        """Give the lanes their usual posture back."""
        with self.office.act() as act:
            for lane in act.session.query(Lane).filter(Lane.override_posture.is_not(None)).all():
                clear_override(act, lane.lane_id)

    def offer_only(self, lane_id: str, methods: tuple[str, ...]) -> None:
        """Offer exactly these methods at a lane; raise DeskRefused."""
        try:
            with self.office.act() as act:
                lane = act.session.get_one(Lane, lane_id)
                save_lane(act, lane.gate_id, replace(spec_of(lane), methods=methods))
        except ActionRefused as err:
            raise DeskRefused(self.office.words(err)) from err

    def change_sheet(self, lane_id: str, key: str, word: str) -> None:
        """Put a lane live with one answer of its sheet changed; raise DeskRefused."""
        try:
            with self.office.act() as act:
                live, _draft = sheets_of(act.session.get_one(LaneSheetRow, lane_id))
                save_sheet(act, lane_id, msgspec.structs.replace(live or LaneSheet(), **{key: word}))
        except ActionRefused as err:
            raise DeskRefused(self.office.words(err)) from err

    def end_card(self, person_id: str, credential_id: str, reason: str) -> None:
        """End a card for good."""
        del person_id
        with self.office.act() as act:
            end_credential(act, credential_id, reason)

    def issue_card(self, person_id: str, number: int) -> None:
        """Bind a card to a person."""
        with self.office.act() as act:
            issue_card(act, person_id, number)
