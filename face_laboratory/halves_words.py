"""Thresholds chosen on one half of people, and their rates on the other: as an object, a file, and text."""

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

from face_laboratory.halves import ChosenThreshold, HalvesOfLooks
from face_laboratory.people_list import PeopleList
from face_laboratory.people_rates import Rate
from gate_controller.face.engines.errors import UnusablePicture

DIGITS = 6


def halves_as_object(name: str, listed: PeopleList, halves: tuple[HalvesOfLooks, ...]) -> dict[str, object]:
    """Return the figures of one engine; what too few people tell is null."""
    return {
        "people": len(listed.people),
        "pictures": len(listed.pictures),
        "list": name,
        "looks": [
            {
                "looks": one.looks,
                "choosing_people": one.choosing_people,
                "reporting_people": one.reporting_people,
                "at": [_chosen(point) for point in one.at],
                "now": _chosen(one.now),
            }
            for one in halves
        ],
    }


def halves_as_lines(measured: object) -> Iterator[str]:
    """Yield the same for a person; nothing where no halves were measured."""
    if measured is None:
        return
    for one in cast(Mapping[str, list[dict[str, object]]], measured)["looks"]:
        yield (
            f"  {one['looks']} look(s): thresholds chosen on {one['choosing_people']} people, reported on "
            f"{one['reporting_people']} others"
        )
        now = cast(dict[str, object], one["now"])
        yield f"    the gates' own {_line(now)}, on everyone"
        for point in cast(list[dict[str, object]], one["at"]):
            yield f"    to keep {point['fmr']:g}: {_line(point)}"


def write_halves(file: Path, halves: Mapping[str, object]) -> None:
    """Write the figures of all engines; raise UnusablePicture when the file cannot be written."""
    try:
        file.write_text(json.dumps(halves, indent=1) + "\n", encoding="utf-8")
    except OSError as fault:
        raise UnusablePicture(f"{file} cannot be written: {fault}. Give another --halves FILE.") from fault


def _chosen(point: ChosenThreshold) -> dict[str, object]:
    threshold = point.min_face_similarity
    return {
        "fmr": point.false_match_rate,
        # Upwards: downwards would be looser than what was chosen.
        "threshold": None if threshold is None else math.ceil(threshold * 10**DIGITS) / 10**DIGITS,
        "found_fmr": _rate(point.false_matches),
        "missed": _rate(point.missed),
        "holds": point.holds,
    }


def _rate(rate: Rate) -> dict[str, object]:
    shown = None if rate.rate is None else round(rate.rate, DIGITS)
    limits = None if rate.limits is None else [round(limit, DIGITS) for limit in rate.limits]
    return {"people": rate.people, "rate": shown, "ci": limits}


def _line(point: Mapping[str, object]) -> str:
    if point["threshold"] is None:
        return "too few people to choose"
    words = {True: "holds", False: "does NOT hold: do not use it", None: "too few people to tell if it holds"}
    found, missed = (cast(dict[str, object], point[name]) for name in ("found_fmr", "missed"))
    return (
        f"similarity {point['threshold']:.3f}: FMR {found['rate']} (95 % {found['ci']}), "
        f"missed {missed['rate']} (95 % {missed['ci']}); {words[cast(bool | None, point['holds'])]}"
    )
