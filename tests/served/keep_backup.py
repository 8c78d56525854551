"""Keep a backup of today's compound for later versions, one of each revision.

python -m tests.served.keep_backup
"""

import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from tests.served.served_compound import fill_data_dir
from tests.support.compounds.lived_in import live_in
from web_admin.core.config import WebConfig
from web_admin.core.database import current_menjin
from web_admin.operations.backup import write_backup
from web_admin.operations.schema import newest_revision

KEPT = Path(__file__).parent / "kept"
PASSPHRASE = "a long passphrase"
KEYS = ("seal_key", "lookup_key", "face_key", "session_key", "totp_key", "password_salt")


def keep(path: Path, folder: Path) -> int:
    """Write the backup of a compound that people live in; return how many rows it has."""
    config = WebConfig(
        database_url=f"sqlite:///{folder / 'menjin.sqlite3'}",
        data_dir=folder,
        secrets_dir=folder / "secrets",
        public_url="http://127.0.0.1:8000",
        **{name: os.urandom(32) for name in KEYS},
    )
    compound = fill_data_dir(config)
    live_in(compound)
    with compound.app.app_context():
        rows = write_backup(current_menjin().database, config, PASSPHRASE, path, datetime.now(UTC))
    compound.close()
    return rows


if __name__ == "__main__":
    file = KEPT / f"{newest_revision()}.backup"
    with tempfile.TemporaryDirectory() as made:
        sys.stdout.write(f"{file}: {keep(file, Path(made))} rows\n")
