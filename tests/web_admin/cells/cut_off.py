"""Commands about cells that are cut off."""

from pathlib import Path


def power_cut(*_arguments: object, **_more: object) -> None:
    raise KeyboardInterrupt


def beside(cell: Path) -> list[str]:
    return sorted(path.name for path in cell.parent.iterdir())
