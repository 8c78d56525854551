"""The makers' folder of packages, and their key: what becomes an apt repository."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.support.wheels import ROOT

DAY_SECONDS = 86_400
RELEASED_AT_SECONDS = 1_796_000_000


@dataclass(frozen=True)
class Makers:
    """A home for gpg, the folder of packages, and the address by which apt finds that folder."""

    home: Path
    repository: Path
    address: str

    def key(self, name: str) -> None:
        begun = f"--faked-system-time={RELEASED_AT_SECONDS - DAY_SECONDS}!"
        words = [
            "gpg",
            "--batch",
            "--passphrase",
            "",
            begun,
            "--quick-gen-key",
            name,
            "ed25519",
            "sign",
            "never",
        ]
        subprocess.run(words, check=True, capture_output=True, env=self.environment)

    @property
    def environment(self) -> dict[str, str]:
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        return {**os.environ, "GNUPGHOME": str(self.home)}

    def write(self, key: str = "makers", at_seconds: int = RELEASED_AT_SECONDS) -> str:
        """Write the repository in a process of its own; return what it complained of."""
        given = f"{str(self.repository)!r}), {self.address!r}, {key!r}, {at_seconds}"
        call = f"import apt_repository as made; made.write_repository(made.Path({given})"
        words = [sys.executable, "-c", call]
        environment = {**self.environment, "PYTHONPATH": str(ROOT / "deploy/release")}
        done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
        assert bool(done.stderr) == bool(done.returncode)
        return done.stderr
