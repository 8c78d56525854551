"""Hold what a lane's screen shows of calls to homes: the number that is typed, the list, how a call goes.

The call itself is in `home_call.py`. A call is shown while nothing else is: who presents a card meanwhile
sees their own result, and the call goes on.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from gate_controller.contract.calls import CallEnd, CallFor, DirectoryEntry, QuickReply
from gate_controller.lane.home_call import CallPhase, HomeCall
from gate_controller.terminal.call_shown import ENTRIES_A_PAGE, CallShown
from gate_controller.terminal.view import CLEAR_KEY, ENTER_KEY, Screen

SHOWN_SECONDS = 15.0
"""How long the end of a call is shown."""
SPEAK = "call_speak"
"""The word for the line that asks the visitor to speak: a telephone or a page hears them."""
GUARD_READS = "call_guard_reads"
"""The word for the line while a page of the guard has the call and has no sound."""
MAX_TYPED = 20

SCREENS: Mapping[CallPhase, Screen] = {
    CallPhase.CALLING: Screen.CALLING,
    CallPhase.RINGING: Screen.CALLING,
    CallPhase.ANSWERED: Screen.CALL_ANSWERED,
    CallPhase.OVER: Screen.CALL_OVER,
}
SHOWN_ENDS = frozenset(CallEnd) - {CallEnd.OPENED, CallEnd.REFUSED, CallEnd.CANCELLED}
"""The others have screens of their own: open, refused, and the ways in."""


@dataclass(slots=True)
class CallDesk:
    """The changing part of a lane's calls, for its screen."""

    is_offered: bool = False
    """True while the screen offers calls."""
    purpose: CallFor = CallFor.HOME
    typed: str = ""
    entries: tuple[DirectoryEntry, ...] = ()
    page: int = 0
    call: HomeCall | None = None
    """The call of this lane: the one that goes on, or the last one while its end is shown."""
    until_seconds: float = 0.0

    @property
    def is_live(self) -> bool:
        """Return whether a call goes on."""
        return self.call is not None and not self.call.is_over

    def choose(self, purpose: CallFor) -> None:
        """Begin to ask which home is called."""
        self.purpose, self.typed, self.page = purpose, "", 0

    def typed_key(self, key: str) -> bool:
        """Add a key to the number; return whether it was taken: enter, and clear of nothing, are not."""
        if key == CLEAR_KEY and self.typed:
            self.typed = ""
        elif key not in (CLEAR_KEY, ENTER_KEY):
            self.typed = (self.typed + key)[:MAX_TYPED]
        else:
            return False
        return True

    def picked(self, key: str) -> DirectoryEntry | None:
        """Return the home of the list's page that a key names."""
        place = int(key) - 1 if key.isdigit() else -1
        shown = self._on_page()
        return shown[place] if 0 <= place < len(shown) else None

    def turn_page(self) -> None:
        """Show the next page of the list, and the first after the last."""
        self.page = (self.page + 1) % max(1, self._pages())

    def ended(self, now_seconds: float, seconds: float) -> None:
        """Show the end of the call for so long, where it has a screen."""
        is_shown = self.call is not None and self.call.end in SHOWN_ENDS
        self.until_seconds = now_seconds + seconds
        if not is_shown:
            self.call = None

    def put_away(self) -> None:
        """Show no end any more; a call that goes on stays."""
        if not self.is_live:
            self.call = None

    def time_passed(self, now_seconds: float) -> None:
        """Put the end of a call away once it was shown long enough."""
        if now_seconds >= self.until_seconds:
            self.put_away()

    @property
    def screen(self) -> Screen | None:
        """Return what a screen at rest shows in place of the ways in."""
        return SCREENS[self.call.phase] if self.call is not None else None

    def line(self, *, page_speaks: bool) -> str:
        """Return the word for the line below what is said large; a page that speaks asks the visitor to."""
        word = self._line
        return SPEAK if page_speaks and word in ("", GUARD_READS) else word

    @property
    def _line(self) -> str:
        call = self.call
        if call is None:
            return ""
        if call.to_guard:
            return "call_to_guard"
        if call.at_guard and not call.is_over:
            return self._of_guard(call)
        if self._reply is not None:
            return "call_from"
        if call.is_over:
            return "call_ask_guard" if call.offers_guard else ""
        return SPEAK if call.by_telephone else ""

    @staticmethod
    def _of_guard(call: HomeCall) -> str:
        """Return the word for the line while the guard has the call: they are called, read, or speak."""
        if call.phase is not CallPhase.ANSWERED:
            return "call_to_guard"
        if call.guard_talks:
            return SPEAK
        return "call_from_guard" if call.reply is not None else GUARD_READS

    @property
    def said(self) -> str:
        """Return the word for what is said large: the sentence that the home chose, or how the call ended."""
        call = self.call
        if self._reply is not None:
            return f"reply_{self._reply}"
        if call is not None and call.at_guard and not call.is_over:
            return "call_guard_answered" if call.phase is CallPhase.ANSWERED else "call_guard_called"
        return f"call_{call.end}" if call is not None and call.is_over and call.end is not None else ""

    @property
    def asks_guard(self) -> bool:
        """Return whether the end of a call asks whether to call the guard."""
        return self.call is not None and self.call.offers_guard and not self.call.to_guard

    @property
    def _reply(self) -> QuickReply | None:
        """Return the sentence of the home; at an end with words of its own those come first."""
        call = self.call
        if call is None or (call.is_over and call.end is not CallEnd.ENDED):
            return None
        return call.reply

    def shown(self, screen: Screen) -> CallShown | None:
        """Return what a screen of calls shows beside its texts; None on every other screen."""
        is_courier = self.purpose is CallFor.COURIER
        if screen is Screen.CALL_NUMBER:
            return CallShown(home=self.typed, is_courier=is_courier, has_list=bool(self.entries))
        if screen is Screen.CALL_LIST:
            labels = tuple(f"{one.label} · {one.shown}" for one in self._on_page())
            return CallShown(
                is_courier=is_courier, entries=labels, page=self.page + 1, pages=max(1, self._pages())
            )
        if self.call is None or screen is not self.screen:
            return None
        return CallShown(
            home=self.call.shown,
            is_courier=self.call.purpose is CallFor.COURIER,
            offers_guard=self.asks_guard,
        )

    def _pages(self) -> int:
        return -(-len(self.entries) // ENTRIES_A_PAGE)

    def _on_page(self) -> tuple[DirectoryEntry, ...]:
        first = self.page * ENTRIES_A_PAGE
        return self.entries[first : first + ENTRIES_A_PAGE]
