"""Interface of other ways to ring people of a called home, and the ways that installed packages register.

A package registers a class under `menjin.call_adapters`. Looking loads none: a class is loaded when it is
named, and only where web.toml switches it on. An adapter rings, and ends that; it is given texts alone and
returns nothing. Answering, and all that opens, stays on our page by the person's own session.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from importlib import metadata
from threading import Lock, Thread
from typing import ClassVar, TypeVar

from gate_controller.contract.languages import LANGUAGES

GROUP = "menjin.call_adapters"
API = 1
LONGEST_SECONDS = 10.0
"""How long one `ring` or `end`, or the loading of an adapter, may take."""
PAGE_WAITS_SECONDS = 1.0
"""How long a page waits for an adapter that was not loaded yet."""
HANGING_AT_MOST = 4
"""How many calls of one adapter may hang; further ones are refused at once, so that threads stay few."""
MAX_ADDRESS_CHARS = 200
NAME = re.compile(r"[a-z][a-z0-9_]{1,29}")
_ADDRESS = re.compile(
    rf"(?P<name>{NAME.pattern})[:：](?P<address>\S.{{0,{MAX_ADDRESS_CHARS - 1}}})", re.IGNORECASE
)
_NO_ADAPTERS = ("sip", "sips", "tel")
"""Telephones are written so."""
Found = TypeVar("Found")
_WORD = re.compile(r"[a-z][a-z0-9_]{0,39}")


class NotRung(Exception):
    """An adapter did not ring; `word` is a stable word of a-z, 0-9 and _, which names no one."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word if _WORD.fullmatch(word) else "no_word"


@dataclass(frozen=True, slots=True)
class Ringing:
    """All that an adapter learns of a call. No one is named, neither home nor gate."""

    call_id: str
    address: str
    """The adapter's own address of the person, as they typed it."""
    page: str
    """Address of the page on which the person answers; useless without their own session."""
    sentence: str
    """Text to show, in the person's language; of an end, how the call ended."""
    language: str
    rings_until: datetime


class CallAdapter(ABC):
    """One more way to ring; one object serves all calls, from several threads."""

    api: ClassVar[int]
    name: ClassVar[str]
    """As web.toml and addresses name it: NAME:ADDRESS."""
    title: ClassVar[Mapping[str, str]]
    """Its name as residents read it, by language."""

    @abstractmethod
    def ring(self, ringing: Ringing) -> None:
        """Ring the person; raise NotRung where that failed. What is returned is not read."""

    @abstractmethod
    def end(self, ringing: Ringing) -> None:
        """Stop what rings for this call_id, if it still does; raise NotRung where that failed."""


class AdapterRefused(Exception):
    """An adapter is missing, broken, of another API, or registered twice; names the package."""


@dataclass(frozen=True, slots=True)
class AdapterEntry:
    """One entry of a package's metadata; nothing is loaded yet."""

    name: str
    package: str
    entry: metadata.EntryPoint

    def load(self) -> CallAdapter:
        """Return the adapter; raise AdapterRefused on what is none that this server can use."""
        try:
            kind = self.entry.load()
            is_one = isinstance(kind, type) and issubclass(kind, CallAdapter)
            made: CallAdapter | None = kind() if is_one else None
        except (Exception, SystemExit) as err:  # a stranger's module may fail in any way
            raise self._refused(f"cannot be loaded: {type(err).__name__}: {err}") from err
        if made is None:
            raise self._refused("is no class that derives from web_admin.messages.call_adapters.CallAdapter")
        if getattr(made, "api", None) != API:
            found = getattr(made, "api", None)
            raise self._refused(f"is written for API {found}, and this server has API {API}")
        if getattr(made, "name", None) != self.name or self.name in _NO_ADAPTERS or not is_name(self.name):
            raise self._refused(f"calls itself {getattr(made, 'name', None)!r}; legal are a-z, 0-9 and _")
        title = getattr(made, "title", None)
        if not isinstance(title, Mapping) or not all(title.get(language) for language in LANGUAGES):
            raise self._refused(f"has no title for each of {', '.join(LANGUAGES)}")
        return made

    def _refused(self, why: str) -> AdapterRefused:
        return AdapterRefused(
            f"the call adapter {self.name!r} of the package {self.package} {why}; "
            f"update or remove the package {self.package}"
        )


class Adapters:
    """The adapters of an installation, by name."""

    def __init__(self, registered: Iterable[AdapterEntry], longest_seconds: float = LONGEST_SECONDS) -> None:
        """Take what packages register; load nothing."""
        self._longest_seconds = longest_seconds
        self._registered: dict[str, list[AdapterEntry]] = {}
        for one in registered:
            self._registered.setdefault(one.name, []).append(one)
        self._loaded: dict[str, CallAdapter | AdapterRefused] = {}
        self._hanging: dict[str, int] = {}
        self._loading, self._counting = Lock(), Lock()

    def names(self) -> tuple[str, ...]:
        """Return every registered name."""
        return tuple(sorted(self._registered))

    def adapter(self, name: str) -> CallAdapter:
        """Return an adapter, loaded once; raise AdapterRefused where it is missing, broken or there twice."""
        with self._loading:
            if name not in self._loaded:
                try:
                    self._loaded[name] = self._load(name)
                except AdapterRefused as refused:
                    self._loaded[name] = refused
            found = self._loaded[name]
        if isinstance(found, AdapterRefused):
            raise found
        return found

    def title(self, name: str, language: str) -> str:
        """Return what residents read of an adapter: its name while it cannot be loaded, or loads slowly."""
        try:
            return within(PAGE_WAITS_SECONDS, partial(self.adapter, name)).title[language]
        except (AdapterRefused, TimeoutError):
            return name

    def _load(self, name: str) -> CallAdapter:
        same = self._registered.get(name, [])
        if not same:
            raise AdapterRefused(f"no installed package registers the call adapter {name!r}; install one")
        if len(same) > 1:
            packages = " and ".join(sorted(one.package for one in same))
            raise AdapterRefused(
                f"the call adapter {name!r} is registered twice, by {packages}; remove one of them"
            )
        try:
            return within(self._longest_seconds, same[0].load)
        except TimeoutError as err:
            raise AdapterRefused(
                f"the call adapter {name!r} of the package {same[0].package} does not load within "
                f"{self._longest_seconds:.0f} seconds; update or remove the package {same[0].package}"
            ) from err

    def do(self, name: str, act: Callable[[], object]) -> None:
        """Let an adapter act; raise NotRung also where it raises something else, hangs, or hung before."""
        with self._counting:
            if self._hanging.get(name, 0) >= HANGING_AT_MOST:
                raise NotRung("adapter_hangs")
        work = _Work()

        def counted() -> None:
            try:
                act()
            finally:
                with self._counting:
                    work.is_over = True
                    self._hanging[name] = self._hanging.get(name, 0) - work.hangs

        try:
            within(self._longest_seconds, counted)
        except NotRung:
            raise
        except BaseException as err:
            with self._counting:
                if not work.is_over:
                    work.hangs = True
                    self._hanging[name] = self._hanging.get(name, 0) + 1
            raise NotRung("adapter_fault" if work.is_over else "adapter_too_slow") from err


@dataclass(slots=True)
class _Work:
    """One act of an adapter, on the thread that does it."""

    is_over: bool = False
    hangs: bool = False


def within(seconds: float, do: Callable[[], Found]) -> Found:
    """Do a stranger's work in a thread of its own; raise TimeoutError and leave it there where it hangs."""
    result: Future[Found] = Future()

    def run() -> None:
        try:
            result.set_result(do())
        except BaseException as err:  # noqa: BLE001 - it is raised where the work was asked for
            result.set_exception(err)

    Thread(target=run, name="call-adapter", daemon=True).start()
    return result.result(seconds)


def is_name(text: str) -> bool:
    """Return whether a text can be an adapter's name."""
    return NAME.fullmatch(text) is not None and text not in _NO_ADAPTERS


def split(typed: str) -> tuple[str, str] | None:
    """Return adapter and address of NAME:ADDRESS; None for a telephone's number and all else.

    Keyboards of phones begin with a capital, and Chinese ones write a wide colon.
    """
    found = _ADDRESS.fullmatch(typed.strip())
    if found is None or not is_name(found["name"].lower()) or not found["address"].isprintable():
        return None
    return found["name"].lower(), found["address"].strip()


@cache
def installed_adapters() -> Adapters:
    """Return the adapters of this installation, looked for once."""
    return Adapters(
        AdapterEntry(entry.name, str(entry.dist.name if entry.dist is not None else "?"), entry)
        for entry in metadata.entry_points(group=GROUP)
    )
