"""Write the next migration: `make migration NAME="keep the colour of a lane"`.

It has what the models have and the tables of the newest migration lack, for its author to read and complete.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError

from web_admin.core.database import make_engine
from web_admin.operations import schema

NAME = re.compile(r"[A-Za-z][A-Za-z0-9 ,'-]{3,70}")
"""A sentence in the imperative, without its full stop: an upgrade prints it."""
REMARKS = re.compile(r"^ *# ### .*\n", re.MULTILINE)
"""Alembic's remarks to the author of a migration."""
LEFT_TO_DO = """\
{file}
Left to do:
- Read it: it has what the models have and the tables lack. What happens to rows is yours to write.
- Run it on both databases: make test PYTEST_ARGS="tests/web_admin/cli/test_upgrading.py --part all"
- Give a new table its row in tests/support/compounds/rows_of_each_kind.py
"""


def write_next(name: str) -> Path:
    """Write the migration that follows the newest one, and return its file.

    Raise ValueError for a name that is no sentence, `CommandError` where Alembic refuses.
    """
    if not NAME.fullmatch(name):
        raise ValueError(f'{name!r} is no sentence; try make migration NAME="keep the colour of a lane"')
    config = Config(cmd_opts=argparse.Namespace(quiet=True))
    config.set_main_option("script_location", str(schema.MIGRATIONS).replace("%", "%%"))
    number = f"{int(schema.newest_revision()) + 1:04}"
    with tempfile.TemporaryDirectory() as folder:
        engine = make_engine(f"sqlite:///{folder}/menjin.sqlite3")
        schema.upgrade(engine)
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            script = command.revision(config, name[0].upper() + name[1:], autogenerate=True, rev_id=number)
        engine.dispose()
    file = Path(script.path)
    file.write_text(REMARKS.sub("", file.read_text(encoding="utf-8")), encoding="utf-8")
    for step in (["check", "--select", "F401,I", "--fix"], ["format"]):
        subprocess.run([sys.executable, "-m", "ruff", *step, "--quiet", str(file)], check=True)
    return file


def main(words: list[str]) -> None:
    """Write the migration that is named on the command line; exit with the reason where there is none."""
    try:
        file = write_next(" ".join(words).strip().rstrip("."))
    except (ValueError, CommandError) as error:
        sys.exit(str(error))
    sys.stdout.write(LEFT_TO_DO.format(file=file))


if __name__ == "__main__":
    main(sys.argv[1:])
