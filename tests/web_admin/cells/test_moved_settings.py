"""Settings of a compound that moves name the new place of what lies in its folder, and no other."""

import tomllib
from pathlib import Path

import pytest

from web_admin.cells.moved_settings import MoveRefused, moved_settings, read_settings_of
from web_admin.core.config import SETTINGS_NAME

TARGET = Path("/srv/cells/willow")


def moved(folder: Path, text: str) -> str | None:
    (folder / SETTINGS_NAME).write_text(text)
    return moved_settings(folder, TARGET)


def test_what_lies_in_the_folder_is_named_at_its_new_place(tmp_path: Path) -> None:
    text = moved(
        tmp_path,
        f'# of willow\npublic_url = "https://willow.example"\n'
        f'database_url = "sqlite:///{tmp_path}/my data.sqlite3"\nbackup_dir = "{tmp_path}/backups"\n',
    )
    assert text is not None
    assert text.startswith("# of willow\n")
    assert tomllib.loads(text) == {
        "public_url": "https://willow.example",
        "database_url": "sqlite:////srv/cells/willow/my%20data.sqlite3",
        "backup_dir": "/srv/cells/willow/backups",
    }


@pytest.mark.parametrize(
    "line",
    [
        'backup_dir = "backups"',
        'backup_dir = "/mnt/backups"',
        'database_url = "postgresql://db.example/w"',
        "",
    ],
)
def test_what_lies_elsewhere_or_moves_along_stays_as_it_is_written(tmp_path: Path, line: str) -> None:
    assert moved(tmp_path, line) is None


def test_the_place_for_which_the_settings_were_written_counts(tmp_path: Path) -> None:
    (tmp_path / SETTINGS_NAME).write_text('backup_dir = "/srv/willow/backups"\n')
    text = moved_settings(tmp_path, TARGET, written_for=Path("/srv/willow"))
    assert text == 'backup_dir = "/srv/cells/willow/backups"\n'


def test_a_setting_over_several_lines_is_refused_and_not_guessed(tmp_path: Path) -> None:
    with pytest.raises(MoveRefused, match="write it in one line"):
        moved(tmp_path, f'backup_dir = """\n{tmp_path}/backups"""\n')


def test_a_folder_that_lacks_a_key_is_not_moved(tmp_path: Path) -> None:
    with pytest.raises(MoveRefused, match="a cell has its keys in its folder"):
        read_settings_of(tmp_path)
