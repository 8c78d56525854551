"""Sort homes and names as people look for them: 3-2 before 3-12 before 10-1, names by pinyin.

Pure functions; what they return is compared byte by byte.
"""


def sort_key(number: str) -> str:
    """Return a sort key of a home's number, part by part: shorter parts first."""
    parts = (part.lstrip("0") for part in number.split("-"))
    return "-".join(f"{len(part):02d}{part}" for part in parts)


def building_of(number: str) -> str:
    """Return the first part of a home's number, which names its building."""
    return number.partition("-")[0]


def name_key(name: str) -> bytes:
    """Return a sort key of names: GB 18030 orders the common characters by pinyin."""
    return name.casefold().encode("gb18030", "replace")
