"""The server of one compound: the whole app over a real SQLite file, one clock, backups, and a plug.

The app and the engine are made once for the process, and each history gets its own file in their place:
making them takes longer than a history.
"""

import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from tests.support.compounds.managed import ManagedCompound
from tests.support.scheduling import renew_watch
from tests.world.disk import Pulled
from web_admin import create_app
from web_admin.action.base import Action, Channel
from web_admin.compound.models import Site
from web_admin.core.config import SECRET_NAMES, WebConfig, write_secret
from web_admin.core.database import Database, Menjin
from web_admin.core.refusal import ActionRefused
from web_admin.core.sealing import Sealer
from web_admin.core.wrapping_keys import WrapKeys
from web_admin.custody.key_rotation import lose_wrap_keys
from web_admin.gates.ask_bounds import AskBounds
from web_admin.journal.ledger import append_audit
from web_admin.manage.live import live_watch
from web_admin.operations.backup import write_backup
from web_admin.operations.backup_rows import restore_rows
from web_admin.policy.effects import PolicyEffects
from web_admin.resident.call_stream import call_watch
from web_admin.restore import actions as restoring
from web_admin.web.one_time_secrets import OneTimeSecrets

PASSPHRASE = "an invented passphrase of the backups"
DONE, REFUSED = "done", "refused"
KEYS = {
    f"{name}_key" if name != "password_salt" else name: name.encode().ljust(32, b"-")
    for name in SECRET_NAMES
    if name != "face"
}


class ServerPlug:
    """Pulls the server's plug at one of its next commits."""

    def __init__(self) -> None:
        """Begin with the plug in."""
        self.writes_left = 0
        self.is_off = False

    def committing(self, _connection: object) -> None:
        """Let a commit happen, or stop the server before it."""
        if self.is_off:
            raise Pulled
        if self.writes_left == 1:
            self.writes_left, self.is_off = 0, True
            raise Pulled
        self.writes_left = max(0, self.writes_left - 1)


class Cell:
    """One server and its files below a folder."""

    def __init__(self, folder: Path, clock: Callable[[], datetime]) -> None:
        """Make the app, the engine and the clock; `furnish` or `open` comes next."""
        self.files = folder / "server"
        self.secrets_dir = folder / "server-secrets"
        self.backups: list[Path] = []
        self.clock = clock
        self.plug = ServerPlug()
        self.site_id = ""
        for made in (self.files, self.secrets_dir):
            made.mkdir(parents=True, exist_ok=True)
        write_secret(self.secrets_dir, "face", b"f" * 32)
        self.config = WebConfig(
            database_url=f"sqlite:///{self.files / 'menjin.sqlite3'}",
            data_dir=self.files,
            secrets_dir=self.secrets_dir,
            public_url="http://127.0.0.1",
            face_key=b"f" * 32,
            **KEYS,
        )
        self.app: Flask = create_app(self.config, clock=self._now)
        menjin: Menjin = self.app.extensions["menjin"]
        self.engine: Engine = menjin.database.engine
        event.listen(self.engine, "commit", self.plug.committing)
        self.open()

    def _now(self) -> datetime:
        return self.clock()

    def open(self) -> None:
        """Start the server's process: what was only in memory is gone."""
        self.engine.dispose()
        self.plug.writes_left, self.plug.is_off = 0, False
        live_watch(self.app).close()
        call_watch(self.app).close()
        self.database = Database(self.engine)
        self.sealer = Sealer(
            self.config.seal_key, self.config.lookup_key, WrapKeys(b"f" * 32, self.secrets_dir)
        )
        self.menjin = Menjin(
            replace(self.config, face_key=b""),
            self.database,
            self.sealer,
            self._now,
            PolicyEffects(self.sealer),
        )
        self.app.extensions["menjin"] = self.menjin
        self.app.extensions["menjin_one_time_secrets"] = OneTimeSecrets()
        self.app.extensions["menjin_ask_bounds"] = AskBounds(lambda: self.clock().timestamp())
        renew_watch(self.app)

    def client(self) -> FlaskClient:
        """Return a way to the server that runs now."""
        return self.app.test_client()

    def staff(self, role: str) -> FlaskClient:
        """Return the browser of a member of staff who has signed in."""
        return ManagedCompound(self.app, self.clock, self.site_id, {}).signed_in(role)  # type: ignore[arg-type]

    # -- acts ------------------------------------------------------------------------------------

    def act_on(
        self,
        session: Session,
        channel: Channel = "manager",
        actor_id: str = "manager-1",
        role: str = "manager",
    ) -> Action:
        """Return what an act of someone starts with."""
        return Action(
            session,
            self.sealer,
            self.site_id,
            actor_id,
            channel,
            self.clock(),
            role=role,
            effects=self.menjin.effects,
        )

    def do(
        self,
        doing: Callable[[Action], object],
        channel: Channel = "manager",
        actor_id: str = "manager-1",
        role: str = "manager",
    ) -> str:
        """Do one act in one transaction; return whether the rules allowed it."""
        try:
            with self.database.session() as session:
                doing(self.act_on(session, channel, actor_id, role))
        except ActionRefused:
            return REFUSED
        return DONE

    # -- backups ---------------------------------------------------------------------------------

    def back_up(self) -> Path:
        """Write a backup as the command does."""
        path = self.files / f"backup-{len(self.backups)}.menjin"
        write_backup(self.database, self.config, PASSPHRASE, path, self.clock())
        self.backups.append(path)
        return path

    def restore(self, path: Path) -> None:
        """Lose the server with its files and start another one from a backup, as the command does."""
        self.plug.writes_left = 0
        self.engine.dispose()
        for lost in self.files.glob("menjin.sqlite3*"):
            lost.unlink()
        shutil.rmtree(self.secrets_dir)
        self.secrets_dir.mkdir()
        restore_rows(Database(self.engine), PASSPHRASE, path)
        write_secret(self.secrets_dir, "face")
        self.open()
        with self.database.session() as session:
            lose_wrap_keys(session, self.clock())
            restoring.begin_restoring(session, self.sealer, self.site_id, self.clock())
            append_audit(session, self.site_id, "backup_restored", {"rows": 0}, {}, self.clock())
            restoring.finish_when_all_handed_over(
                session, self.sealer, session.get_one(Site, self.site_id), self.clock()
            )

    def close(self) -> None:
        live_watch(self.app).close()
        call_watch(self.app).close()
        with suppress(Pulled):
            self.engine.dispose()
