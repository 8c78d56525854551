"""The order in which people look for homes and names: 3-2 before 3-12 before 10-1, names by pinyin.

Pure functions; what they return is compared byte by byte.
"""


def sort_key(number: str) -> str:
    """Return what sorts a home's number as a number, part by part: each part after how long it is."""
    parts = (part.lstrip("0") for part in number.split("-"))
    return "-".join(f"{len(part):02d}{part}" for part in parts)


def building_of(number: str) -> str:
    """Return the first part of a home's number, which names its building."""
    return number.partition("-")[0]


def name_key(name: str) -> bytes:
    """Return what sorts names: in GB 18030 the common characters stand in the order of their pinyin."""
    return name.casefold().encode("gb18030", "replace")
