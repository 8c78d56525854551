"""Read what a compound answers: a bounded form, in which a newer version may say more. Pure.

A compound that was taken over may send anything: what does not fit is no answer, and texts are freed of
characters that a page would not show as they are.
"""

import unicodedata
from typing import Annotated

import msgspec
from msgspec import Meta

FORMAT = "menjin-overview-1"
MAX_BODY_BYTES = 256 * 1024

Name = Annotated[str, Meta(max_length=200)]
Word = Annotated[str, Meta(max_length=64, pattern=r"^[A-Za-z0-9_.+:-]*$")]
Count = Annotated[int, Meta(ge=0, le=10_000_000)]
Seconds = Annotated[int, Meta(ge=0, le=10_000_000_000)]
Percent = Annotated[int, Meta(ge=0, le=100)]


class NotRead(Exception):
    """The answer is none that this program can show; the word says why."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


class Gates(msgspec.Struct, frozen=True):
    """Gates that are not retired, by how they are."""

    total: Count
    in_contact: Count
    silent: Count
    silent_for_seconds: Seconds | None
    not_paired: Count
    behind: Count
    not_well: Count


class Version(msgspec.Struct, frozen=True):
    """How many gates have a version of the program."""

    version: Name
    gates: Count


class AlarmCount(msgspec.Struct, frozen=True):
    kind: Word
    count: Count
    oldest_seconds: Seconds
    names: Annotated[dict[Word, Name], Meta(max_length=20)] = {}
    """How the compound calls it, by language; a compound of before sends none."""


class Pending(msgspec.Struct, frozen=True):
    """Forgettings that a gate has not signed for more than an hour, in tens."""

    at_least: Count
    at_most: Count
    oldest_hours: Count | None


class Way(msgspec.Struct, frozen=True):
    """One way in over thirty days: tries in tens, openings in a hundred tries."""

    method: Word
    tries: Annotated[str, Meta(max_length=16, pattern=r"^([0-9]+\+?|<10)$")]
    opened_percent: Percent | None


class Faces(msgspec.Struct, frozen=True):
    """People with a face, in tens; from `threshold` on an operator files, `near` and `close` warn."""

    at_least: Count
    at_most: Count
    threshold: Count | None = None
    close: Count | None = None
    near: Count | None = None


class Overview(msgspec.Struct, frozen=True):
    """How a compound said it was."""

    site: Name
    program: Name
    schema: Name
    server: Word
    backup_age_seconds: Seconds | None
    gates: Gates
    versions: Annotated[tuple[Version, ...], Meta(max_length=200)]
    alarms: Annotated[tuple[AlarmCount, ...], Meta(max_length=200)]
    forgettings_pending: Pending
    ways_in: Annotated[tuple[Way, ...], Meta(max_length=20)]
    worse_than_face: Annotated[tuple[Word, ...], Meta(max_length=20)] | None
    people_with_face: Faces
    backup_level: Word = ""
    """Nothing of a compound of before: its alarm of the backup is shown instead."""


class _Form(msgspec.Struct):
    """The field that every version of an answer has."""

    format: Word


def read_overview(body: bytes) -> Overview:
    """Return an answer; raise NotRead `other_format` for another version's, `nonsense` for anything else."""
    try:
        form = msgspec.json.decode(body, type=_Form).format
        if form != FORMAT:
            raise NotRead("other_format")
        return msgspec.json.decode(body, type=Overview)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as err:
        raise NotRead("nonsense") from err


def shown_text(text: str) -> str:
    """Return a text without what is not seen or turns the reading round: controls, marks of direction."""
    kept = "".join(char for char in text if unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co"))
    return kept.strip()
