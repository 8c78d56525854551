"""Run `menjin web` as a person would."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

TIME_LIMIT_SECONDS = 60


def menjin(*arguments, **environment):
    clean = {key: value for key, value in os.environ.items() if not key.startswith("MENJIN_")}
    return subprocess.run(
        [sys.executable, "-m", "menjin", "web", *map(str, arguments)],
        cwd=ROOT,
        env={**clean, **environment},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=TIME_LIMIT_SECONDS,
        check=False,
    )


def init(tmp_path, word, **environment):
    return menjin(
        "init",
        "--data-dir",
        tmp_path / "data",
        "--name",
        "Willow Court",
        "--language",
        "en",
        "--timezone",
        "Asia/Shanghai",
        "--public-url",
        "http://127.0.0.1:8000",
        "--root-key",
        tmp_path / "root.pem",
        "--root-passphrase-file",
        word,
        "--manager-email",
        "manager@example.org",
        "--manager-password-file",
        word,
        **environment,
    )
