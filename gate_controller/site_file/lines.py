"""Find the line of a site file on which a key is written, for its errors."""

import re


def line_of(text: str, keys: list[str]) -> int:
    """Return the line on which the innermost of nested `keys` is written, or the nearest above it."""
    best = 1
    wanted = list(keys)
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", line)
        if header:
            parts = [part.strip().strip('"') for part in header.group(1).split(".")]
            if keys and parts[: len(keys)] == keys:
                return number
            if parts == keys[: len(parts)]:
                best, wanted = number, keys[len(parts) :]
            else:
                wanted = []
        elif wanted and re.match(rf"\s*\"?{re.escape(wanted[0])}\"?\s*=", line):
            return number
    return best
