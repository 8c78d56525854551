"""What a person can read on a served compound: every page within reach, made alike where chance differs."""

import html
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import requests

from tests.served.served_compound import Browser

PAGES_OF_A_KIND = 2
MAX_PAGES = 90
SHOWN_BEFORE, SHOWN_AFTER = 200, 300
"""Characters of an unequal line before and after what both share."""
ZONES = (ZoneInfo("Asia/Shanghai"), UTC)
CLOCKS = ("%H:%M", "%-I:%M")
_LINK = re.compile(r'(?:href|data-refresh|data-live|src|hx-get)="(/[^"#]*)')
_NOT_READ = re.compile(
    r"/(sign-out|static|bootstrap|service-worker|language|logout|brand|look)|\.(css|js|svg|png)"
)
_BY_CHANCE = (
    (re.compile(r'(name="(?:csrf_token|once)"[^>]*value=")[^"]+'), r"\1<token>"),
    (re.compile(r'(value=")[^"]+("[^>]*name="(?:csrf_token|once)")'), r"\1<token>\2"),
    (re.compile(r'((?:nonce|data-csrf)=")[^"]+'), r"\1<token>"),
    (re.compile(r"\b[0-9a-f]{16,}\b"), "<id>"),
    (re.compile(r"[A-Za-z0-9_-]{40,}={0,2}"), "<sealed>"),
    (re.compile(r"\b\d+ minutes?\b"), "<minutes>"),
    (re.compile(r"\d+(?:\.\d+)? (?:bytes|kB|KB|MB|GB|TB)\b"), "<size>"),
    (re.compile(r"(?<=>Ends )(?:[A-Z][a-z]+ \d+, \d{4} )?\d\d:\d\d"), "<then>"),  # of a reader's own session
    (re.compile(r'class="(?:fill|lost)"(?= x="590")'), "<contact>"),  # of a gate in the hour of the reading
    (re.compile(r'(?<=class="past" width=")[\d.]+%'), "<now>"),  # what of a day is over
    (re.compile(r"\(\d+ %\)"), "<full>"),  # how full this machine's disk is
    (re.compile(r'(class="card-box alarm[^"]*) overdue'), r"\1"),  # by how long the reading took
)


@dataclass
class Alike:
    """Makes two readings of the same history equal where only chance differs.

    `known` are ids with a name of their own: an id that should not be there then shows. Clock times of the
    span in which the tests ran are of the reading and not of the history.
    """

    known: Mapping[str, str]
    begun: datetime
    ended: datetime
    _clocks: re.Pattern[str] = field(init=False)
    _drawn: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        """Gather the clock times of the span, and where a picture of a day begins at them."""
        minutes = range(-1, int((self.ended - self.begun).total_seconds() // 60) + 3)
        moments = [self.begun + timedelta(minutes=minute) for minute in minutes]
        shown = {m.astimezone(zone).strftime(how) for m in moments for zone in ZONES for how in CLOCKS}
        either = "|".join(sorted(shown, key=len, reverse=True))
        self._clocks = re.compile(rf"(?<![\d:])(?:{either})(?::\d\d)?(?:\.\d+)?(?!\d)")
        over = {_share_of_day(m.astimezone(zone)) for m in moments for zone in ZONES}
        begins = "|".join(re.escape(f"{share:.3f}".rstrip("0").rstrip(".")) for share in over)
        self._drawn = re.compile(rf'x="(?:{begins})%"( y="\d+")?(?: width="[\d.]+%")?')

    def text(self, shown: str) -> str:
        """Return a text without what chance decides."""
        for one, name in self.known.items():
            shown = shown.replace(one, f"<{name}>")
        for pattern, instead in _BY_CHANCE:
            shown = pattern.sub(instead, shown)
        shown = self._drawn.sub(r"<from now>\1", shown)
        return self._clocks.sub("<now>", shown)


Read = dict[str, list[str]]
"""Texts by the address they were read at, each as it came."""


def pages_within_reach(browser: Browser, starts: Iterable[str]) -> Read:
    """Read these pages and what they link to, a few of each kind, with their statuses."""
    waiting, kinds, found = list(starts), dict[str, int](), Read()
    named = set(waiting)
    while waiting and len(found) < MAX_PAGES:
        path = waiting.pop(0)
        answer = browser.session.get(browser.address + path, timeout=60, allow_redirects=False)
        found.setdefault(path, []).append(shown_by(answer, browser.address))
        for link in _LINK.findall(answer.text):
            to = html.unescape(link)
            kind = re.sub(r"[0-9a-f]{16,}|\d+|=[^&]*", "*", to)
            if to in named or _NOT_READ.search(to) or kinds.get(kind, 0) >= PAGES_OF_A_KIND:
                continue
            kinds[kind] = kinds.get(kind, 0) + 1
            named.add(to)
            waiting.append(to)
    return found


def shown_by(answer: requests.Response, address: str) -> str:
    """Return what an answer says: its status, where it leads and its body."""
    leads = answer.headers.get("Location", "")
    return f"{answer.status_code} {leads}\n{answer.text}".replace(address, "<server>")


def differences(one: Read, other: Read, alike: tuple[Alike, Alike]) -> list[str]:
    """Return where two readings differ, each with the first line that does."""
    of_one, of_other = (
        {
            (who, number): made.text(text)
            for who, texts in _by_name(read, made.text).items()
            for number, text in enumerate(texts)
        }
        for read, made in zip((one, other), alike, strict=True)
    )
    found = []
    for key in sorted(of_one.keys() | of_other.keys()):
        here, there = of_one.get(key, "").splitlines(), of_other.get(key, "").splitlines()
        if here != there:
            unequal = ((a, b) for a, b in zip(here, there, strict=False) if a != b)
            line, another = next(unequal, (str(here[-1:]), str(there[-1:])))
            same = next((n for n, (a, b) in enumerate(zip(line, another, strict=False)) if a != b), 0)
            start = max(0, same - SHOWN_BEFORE)
            found.append(
                f"{key[0]}: {line[start : same + SHOWN_AFTER]!r} is not "
                f"{another[start : same + SHOWN_AFTER]!r}"
            )
    return found


def _share_of_day(moment: datetime) -> float:
    return (moment.hour * 60 + moment.minute) * 100 / (24 * 60)


def _by_name(read: Read, name: Callable[[str], str]) -> Read:
    named = Read()
    for path, texts in read.items():
        named.setdefault(name(path), []).extend(texts)
    return named
