"""Push change notifications to open pages (SSE): one query a second for any number of pages.

What goes to a page is a mark that says nothing about anyone; the page then asks for its own parts, with
its own rights. Streams are counted, so that open pages never take the threads that requests need.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from web_admin.alarms.queries import waiting_ids
from web_admin.compound.queries import gate_reports, lane_postures
from web_admin.core.database import Menjin
from web_admin.gates.guard_calls import marks_of_calls
from web_admin.gates.silence import is_silent

STREAMS_AT_MOST = 32
"""Pages with a stream of one server process; later ones ask again every few seconds instead."""

CALL_STREAMS_AT_MOST = 200
"""Residents' pages of one server process that wait for calls by a stream; later ones ask instead."""

LOOK_EVERY_SECONDS = 1.0
MARKS_APART = "-"
"""Between the part of a mark that moves for everybody and the part that silent alarms move."""
MARK_CHARS = 20


Part = Callable[[str], str]
"""Takes out of a whole mark the part that moves one stream."""


def whole(mark: str) -> str:
    """Return all of a mark."""
    return mark


def without_silent(mark: str) -> str:
    """Return the part of a mark that silent alarms do not move."""
    return mark.partition(MARKS_APART)[0]


@dataclass(eq=False)
class Listener:
    """One open stream; `browser` says whose sign-out ends it, `person_id` whose page it is where that counts.

    `joined_at` is the number of looks begun before it joined: what they saw is older than its page.
    """

    browser: str
    part: Part = field(default=whole)
    person_id: str = field(default="")
    ended: bool = field(default=False)
    joined_at: int = field(default=0)


class StreamPlaces:
    """How many streams several watches of one process may have together."""

    def __init__(self, most: int) -> None:
        self._free = threading.BoundedSemaphore(most)

    def take(self) -> bool:
        """Take a place; return whether there was one."""
        return self._free.acquire(blocking=False)

    def give_back(self) -> None:
        self._free.release()


Look = Callable[[], float | None]
"""Looks once; returns after how many seconds to look again, None when no stream is left."""


class LiveWatch:
    """The streams of one compound and the looks for all of them, which go on while streams do."""

    def __init__(
        self,
        look: Callable[[], str],
        *,
        streams_at_most: int = STREAMS_AT_MOST,
        of_a_person_at_most: int = STREAMS_AT_MOST,
        look_every_seconds: float = LOOK_EVERY_SECONDS,
        start: Callable[[Look], None] | None = None,
        places: StreamPlaces | None = None,
    ) -> None:
        """Take the reader of the compound's current change mark.

        `start` has a look done again and again by the server's scheduler; without it there are no streams.
        `places` are those that it shares with other watches.
        """
        self._look = look
        self._start, self._places = start, places
        self._streams_at_most, self._of_a_person_at_most = streams_at_most, of_a_person_at_most
        self._look_every_seconds = look_every_seconds
        self._changed = threading.Condition()
        self._listeners: set[Listener] = set()
        self._mark: str | None = None
        self._looks_begun = self._mark_of_look = 0
        self._is_looking = self._is_in_a_look = False
        self._is_stopping: Callable[[], bool] = bool

    def join(self, browser: str, *, part: Part = whole, person_id: str = "") -> Listener | None:
        """Return a place for one more stream, or None when there is none left."""
        with self._changed:
            if self._start is None or self._is_stopping() or not self._has_room(person_id):
                return None
            if self._places is not None and not self._places.take():
                return None
            listener = Listener(browser, part, person_id, joined_at=self._looks_begun)
            self._listeners.add(listener)
            if not self._is_looking:
                self._is_looking = True
                self._start(self.look_once)
            return listener

    def _has_room(self, person_id: str) -> bool:
        of_person = [one for one in self._listeners if person_id and one.person_id == person_id]
        return len(self._listeners) < self._streams_at_most and len(of_person) < self._of_a_person_at_most

    def persons(self) -> frozenset[str]:
        """Return whose pages have a stream now."""
        with self._changed:
            return frozenset(one.person_id for one in self._listeners if one.person_id)

    def leave(self, listener: Listener) -> None:
        """Give a place back; twice changes nothing."""
        with self._changed:
            if listener in self._listeners:
                self._drop(listener)
            self._changed.notify_all()

    def _drop(self, listener: Listener) -> None:
        self._listeners.discard(listener)
        if self._places is not None:
            self._places.give_back()

    def end_browser(self, browser: str) -> None:
        """End the streams of a browser that signed out."""
        with self._changed:
            for listener in self._listeners:
                listener.ended = listener.ended or listener.browser == browser
            self._changed.notify_all()

    def stop_when(self, is_stopping: Callable[[], bool]) -> None:
        """End every stream within a look of this becoming true, so that no page holds the server up."""
        self._is_stopping = is_stopping

    def close(self) -> None:
        """End every stream, and wait for the look that runs."""
        with self._changed:
            for listener in list(self._listeners):
                listener.ended = True
                self._drop(listener)
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._is_in_a_look)

    def other_than(self, known: str | None, listener: Listener, seconds: float) -> str | None:
        """Return the mark as soon as it differs from `known`, or as it is after these seconds."""

        def has_news() -> bool:
            return listener.ended or self._news(listener) not in (None, known)

        with self._changed:
            self._changed.wait_for(has_news, seconds)
            return self._news(listener)

    def _news(self, listener: Listener) -> str | None:
        """Return its part of the mark of a look that began after a stream did, None before there is one."""
        if self._mark is None or self._mark_of_look <= listener.joined_at:
            return None
        return listener.part(self._mark)

    def look_once(self) -> float | None:
        """Look for all streams; return after how many seconds to look again, None when none is left.

        Raises what the look raises: it is looked again as if it had worked.
        """
        with self._changed:
            if not self._listeners:
                self._is_looking = False
                self._changed.notify_all()
                return None
            self._looks_begun += 1
            self._is_in_a_look, look = True, self._looks_begun
        mark = None
        try:
            mark = self._look()  # the database may be away for a while; pages say so themselves
        finally:
            self._take(mark, look)
        return self._look_every_seconds

    def _take(self, mark: str | None, look: int) -> None:
        with self._changed:
            self._is_in_a_look = False
            if self._is_stopping():
                for listener in self._listeners:
                    listener.ended = True
            is_news = mark != self._mark or any(self._news(one) is None for one in self._listeners)
            if mark is not None:
                self._mark, self._mark_of_look = mark, look
            # Hundreds of threads are not woken each second for nothing.
            if is_news or self._is_stopping() or not self._listeners:
                self._changed.notify_all()


def mark_of(menjin: Menjin) -> str:
    """Return a mark that changes with alarms, calls, gates, doors, devices, postures and passages; a second
    part is for those who are shown silent alarms.

    It is keyed: who knows the rest could else find out how many entries a gate's journal has, and a duress
    PIN writes one more.
    """
    now = menjin.clock()
    # Of one state: what is written between two questions would make a mark that no state has.
    with menjin.database.snapshot() as session:
        alarms, silent = (waiting_ids(session, are_silent=are_silent) for are_silent in (False, True))
        gates, lanes = gate_reports(session), lane_postures(session)
        calls = marks_of_calls(session, now)
    parts = [
        repr(alarms),
        *calls,
        *(repr((*row[:-1], is_silent(row, now))) for row in gates),
        *(repr((*row, row.override_until is not None and row.override_until > now)) for row in lanes),
    ]
    marks = ("\n".join(parts), repr(silent))
    keyed = (menjin.sealer.lookup("live-mark", one.encode()).hex() for one in marks)
    return MARKS_APART.join(one[:MARK_CHARS] for one in keyed)


def sent_lines(
    watch: LiveWatch,
    listener: Listener,
    known: str | None,
    is_still_allowed: Callable[[], bool],
    *,
    heartbeat_seconds: float,
    heartbeats: int,
) -> Iterator[str]:
    """Yield the stream: a mark at each change, a comment in quiet times, an end when the right has gone."""
    yield "retry: 3000\n\n"
    for _beat in range(heartbeats):
        mark = watch.other_than(known, listener, heartbeat_seconds)
        if listener.ended or not is_still_allowed():
            yield "event: signed-out\ndata: -\n\n"
            return
        if mark is None or mark == known:
            yield ": quiet\n\n"
        else:
            known = mark
            yield f"id: {mark}\nevent: changed\ndata: {mark}\n\n"
