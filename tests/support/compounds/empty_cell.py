"""An empty compound in a folder of its own, as `menjin web init` leaves it, made quickly."""

import os
from pathlib import Path

from tests.support.compounds.filled_once import SERVER_KEYS
from web_admin import make_parts
from web_admin.cells.open_cell import InCommon
from web_admin.compound.keys import create_site
from web_admin.core.config import SECRET_NAMES, WebConfig, write_secret, write_settings
from web_admin.operations import schema
from web_admin.tables import METADATA


def make_cell(folder: Path, name: str, common: InCommon, **changed: str) -> WebConfig:
    """Set up an empty compound in a cell's folder, on SQLite; return its configuration."""
    path = folder / name
    (path / "secrets").mkdir(parents=True)
    keys = {key: os.urandom(32) for key in SERVER_KEYS}
    for secret in SECRET_NAMES:
        write_secret(path / "secrets", secret, keys[secret if secret == "password_salt" else f"{secret}_key"])
    config = WebConfig(
        public_url=f"https://{name}.example",
        database_url=f"sqlite:///{path / 'menjin.sqlite3'}",
        data_dir=path,
        secrets_dir=path / "secrets",
        **keys,  # type: ignore[arg-type]  # all of them are bytes
    )
    menjin = make_parts(config, clock=common.clock, statements=common.statements)
    METADATA.create_all(menjin.database.engine)
    with menjin.database.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)")
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES (?)", (schema.newest_revision(),))
    with menjin.database.session() as session:
        create_site(session, menjin.sealer, name.title(), "Asia/Shanghai", "en", "passphrase", common.clock())
    menjin.database.engine.dispose()
    write_settings(path / "web.toml", {"public_url": config.public_url, **changed})
    return config
