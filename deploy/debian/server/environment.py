"""Read /etc/menjin/web.env as systemd does, for the commands and scripts that run beside the service.

    environment.py run FILE COMMAND …     run a command with what the file sets, beside what is set
    environment.py check FILE             name what systemd ignores of it; ends with 1 where it does

The grammar is that of `EnvironmentFile=` (systemd.exec(5)), character by character as systemd has it in
`parse_env_file_internal` of src/basic/env-file.c; a test compares the two. It imports nothing but Python.
"""

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LINE_ENDS, SPACES, COMMENTS = "\n\r", " \t\n\r", "#;"
ESCAPED_IN_QUOTES = '"\\`$'
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
NAMELESS, KEY, BEFORE, VALUE, ESCAPE, SINGLE, DOUBLE, DOUBLE_ESCAPE, COMMENT, COMMENT_ESCAPE = range(10)
"""Where a character stands. `BEFORE` is before a value and after a part of it in quotes."""


@dataclass
class Assignment:
    """What stands on one line, or on several that belong together."""

    line: int
    key: str = ""
    value: str = ""
    spaces_from: int | None = None
    """Where the spaces at the end of an unquoted value begin, which do not count."""
    is_closed: bool = True
    """Whether each quote has its end."""
    has_value: bool = False

    def trouble(self) -> str:
        """Return why systemd ignores it, or what it takes for more than is meant; empty where all is well."""
        if not self.has_value:
            return "no NAME=VALUE: systemd ignores it"
        if not NAME.fullmatch(self.key):
            return f"{self.key!r} is no name: systemd ignores it"
        if CONTROLS.search(self.value):
            return f"the value of {self.key} has a control character: systemd ignores it"
        if not self.is_closed:
            return f"the value of {self.key} has a quote that does not end: all that follows belongs to it"
        return ""


def assignments(text: str) -> Iterator[Assignment]:
    """Give each assignment as systemd takes it, and each line that is none."""
    state, line, now = NAMELESS, 1, Assignment(1)
    for char in text:
        if state == NAMELESS and char not in SPACES and char not in COMMENTS:
            now = Assignment(line)
        state, is_done = _next(state, char, now)
        line += char == "\n"
        if is_done:
            yield _whole(now, VALUE)
    if state in (KEY, BEFORE, VALUE, ESCAPE, SINGLE, DOUBLE, DOUBLE_ESCAPE):
        now.is_closed = state not in (SINGLE, DOUBLE, DOUBLE_ESCAPE)
        yield _whole(now, state)


def _whole(now: Assignment, state: int) -> Assignment:
    now.key = now.key.rstrip(SPACES)
    if state == VALUE and now.spaces_from is not None:
        now.value = now.value[: now.spaces_from]
    return now


def _next(state: int, char: str, now: Assignment) -> tuple[int, bool]:
    """Return the next state, and whether an assignment ends with this character."""
    is_end = char in LINE_ENDS
    if state == NAMELESS:
        if char in COMMENTS:
            return COMMENT, False
        if char in SPACES:
            return NAMELESS, False
        now.key += char
        return KEY, False
    if state == KEY:
        if char == "=":
            now.has_value = True
            return BEFORE, False
        now.key += "" if is_end else char
        return (NAMELESS, True) if is_end else (KEY, False)
    if state in (COMMENT, COMMENT_ESCAPE):
        if is_end:
            return NAMELESS, False
        return (COMMENT_ESCAPE if char == "\\" and state == COMMENT else COMMENT), False
    if is_end and state in (BEFORE, VALUE):
        return NAMELESS, True
    return _in_value(state, char, now), False


def _in_value(state: int, char: str, now: Assignment) -> int:
    """Take a character of a value; return the next state."""
    if state == BEFORE:
        quotes = {"'": SINGLE, '"': DOUBLE, "\\": ESCAPE}
        if char in quotes or char in SPACES:
            return quotes.get(char, BEFORE)
        now.value += char
        return VALUE
    if state == VALUE:
        if char == "\\":
            now.spaces_from = None
            return ESCAPE
        if char not in SPACES:
            now.spaces_from = None
        elif now.spaces_from is None:
            now.spaces_from = len(now.value)
        now.value += char
        return VALUE
    if state == ESCAPE:
        now.value += "" if char in LINE_ENDS else char
        return VALUE
    if state == SINGLE:
        now.value += "" if char == "'" else char
        return BEFORE if char == "'" else SINGLE
    if state == DOUBLE:
        now.value += "" if char in '"\\' else char
        return {'"': BEFORE, "\\": DOUBLE_ESCAPE}.get(char, DOUBLE)
    if char in ESCAPED_IN_QUOTES:
        now.value += char
    elif char != "\n":
        now.value += f"\\{char}"
    return DOUBLE


def read(text: str) -> dict[str, str]:
    """Return what a service gets of the file; of a name that is there twice, the last value."""
    taken = (one for one in assignments(text) if one.has_value and NAME.fullmatch(one.key))
    return {one.key: one.value for one in taken if not CONTROLS.search(one.value)}


def text_of(file: Path) -> str:
    """Return the file's text; empty where there is none, since the service starts without it."""
    try:
        return file.read_bytes().decode()
    except FileNotFoundError:
        return ""


def main(arguments: list[str]) -> int:
    """Run a command, or check."""
    what, file = arguments[0], Path(arguments[1])
    try:
        text = text_of(file)
    except (OSError, UnicodeDecodeError) as err:
        why = err.strerror if isinstance(err, OSError) else f"byte {err.start} is not UTF-8"
        print(f"{file}: {why}: systemd ignores the whole file", file=sys.stderr)
        return 1
    if what == "check":
        troubles = [(one.line, one.trouble()) for one in assignments(text) if one.trouble()]
        for line, trouble in troubles:
            print(f"{file}: line {line}: {trouble}", file=sys.stderr)
        return 1 if troubles else 0
    os.environ.update(read(text))
    return os.execvp(arguments[2], arguments[2:])  # noqa: S606 - words of the package's own commands


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
