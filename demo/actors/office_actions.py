"""The steps' interface to the property office, implemented by the manager's pages."""

from typing import Protocol


class DeskRefused(Exception):
    """The office's program said no; holds its sentence."""


class Desk(Protocol):
    """The office as the script needs it, by page or by action."""

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

    def open_lane(self, lane_id: str, reason: str) -> int:
        """Order a lane to open once; return monotonic ns of the press."""
        ...

    def allow_numbers(self, prefix: str) -> None:
        """Let gates call numbers that begin so."""
        ...

    def change_sheet(self, lane_id: str, key: str, word: str) -> None:
        """Put a lane live with one answer of its sheet changed; raise DeskRefused."""
        ...

    def shorten_hours(self, hours_id: str, begins: str, ends: str) -> str:
        """Send shorter hours; return what they take from people, of which nothing is done yet."""
        ...

    def plan_shorter_hours(self, hours_id: str, begins: str, ends: str, begins_at: str) -> str:
        """Plan shorter hours for a time, of which nothing is done before; return the list of planned acts."""
        ...

    def go_on(self) -> None:
        """Do what was read."""
        ...

    def page(self, path: str) -> str:
        """Return a page's text."""
        ...

    def end_card(self, person_id: str, credential_id: str, reason: str) -> None:
        """End a card for good."""
        ...

    def suspend_person(self, person_id: str, reason: str) -> None:
        """Suspend everything of a person for a reason; raise DeskRefused."""
        ...

    def take_lanes(self, person_id: str, reason: str) -> None:
        """Take all lanes from a person, and give a reason where the page asks; raise DeskRefused."""
        ...

    def issue_card(self, person_id: str, number: int) -> None:
        """Bind a card to a person."""
        ...
