"""Ask all compounds, round after round, many at a time; a slow one delays no other."""

import logging
import ssl
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from head_office.asking.call import WHOLE_CALL_SECONDS, ask
from head_office.overview import NotRead, read_overview
from head_office.settings import Compound, FileRefused, Settings, read_compounds, read_key
from head_office.storage import Storage

AT_ONCE = 24
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CompoundList:
    """The compounds of the file, and what is wrong with it; then they are those of before."""

    compounds: Sequence[Compound] = ()
    trouble: str = ""


class Rounds:
    """Asks every compound again and again in threads of its own, until `close`."""

    def __init__(
        self,
        data_dir: Path,
        settings: Settings,
        storage: Storage,
        clock: Callable[[], datetime],
        *,
        within_seconds: float = WHOLE_CALL_SECONDS,
    ) -> None:
        self._data_dir, self._storage, self._clock = data_dir, storage, clock
        self._every, self._within = settings.ask_every_seconds, within_seconds
        self._context = tls_context(settings)
        self._known = CompoundList()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._go_on, name="rounds", daemon=True)

    def start(self) -> None:
        """Begin the first round and go on."""
        self.read_file()
        self._thread.start()

    def close(self) -> None:
        """Begin no more round; calls that are under way end within their seconds."""
        self._end.set()

    def _go_on(self) -> None:
        while not self._end.is_set():
            try:
                self.ask_all()
            except Exception:  # noqa: BLE001 - a round that failed must not be the last one
                _log.exception("a round failed; the next one begins as usual")
            self._end.wait(self._every)

    def read_file(self) -> CompoundList:
        """Return the compounds as the file says now; while it is refused, those of before."""
        try:
            self._known = CompoundList(read_compounds(self._data_dir))
        except (FileRefused, OSError) as err:
            self._known = replace(self._known, trouble=str(err))
        return self._known

    def ask_all(self) -> None:
        """Ask every compound once: first those that answered last time, so that others delay none."""
        known = self.read_file()
        answers = self._storage.answers()

        def is_late(one: Compound) -> bool:
            before = answers.get((one.word, one.address))
            return before is not None and bool(before.trouble)

        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="ask") as pool:
            for one in sorted(known.compounds, key=is_late):
                pool.submit(self._ask_if_going, one)

    def _ask_if_going(self, one: Compound) -> None:
        if not self._end.is_set():
            self.ask_one(one)

    def ask_one(self, one: Compound) -> str:
        """Ask one compound and keep what came of it; return the word of the trouble, "" for none."""
        try:
            key = read_key(self._data_dir, one.word)
        except (FileRefused, OSError):
            return self._no_answer(one, "no_key")
        try:
            body = ask(one.address, key, self._context, self._within)
            read_overview(body)
        except NotRead as err:
            return self._no_answer(one, err.word)
        self._storage.note_answer(one.word, one.address, body, self._clock())
        return ""

    def _no_answer(self, one: Compound, word: str) -> str:
        self._storage.note_trouble(one.word, one.address, word, self._clock())
        _log.info("no answer from %s: %s", one.word, word)
        return word


def tls_context(settings: Settings) -> ssl.SSLContext:
    """Return how certificates are checked; raise FileRefused where the company's own cannot be read."""
    context = ssl.create_default_context()
    if settings.ca_file:
        try:
            context.load_verify_locations(cafile=settings.ca_file)
        except (OSError, ssl.SSLError) as err:
            raise FileRefused(f"ca_file {settings.ca_file}: {err}") from err
    return context
