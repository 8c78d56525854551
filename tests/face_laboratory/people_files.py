"""Files of people for an evaluation."""

import csv
from pathlib import Path

from tests.support.faces.fetch import PICTURES
from tests.support.faces.fixtures import portrait_path


def people_file(folder: Path, *extra: tuple[str, str, str]) -> Path:
    """Write the six portraits by person: two people with two pictures, two with one."""
    path = folder / "people.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["person", "path", "group"])
        for name in (Path(picture).stem for picture in PICTURES):
            person = name.rpartition("_")[0] if name.startswith("person") else name
            group = "first" if person.startswith("person") else ""
            rows.writerow([person, portrait_path(name), group])
        rows.writerows(extra)
    return path
