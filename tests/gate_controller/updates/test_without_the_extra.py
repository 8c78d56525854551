"""A gate that no launcher started runs without the libraries that verify updates."""

import os
import subprocess
import sys
from pathlib import Path

EXTRA = ("tuf", "securesystemslib", "installer")
START = """
import sys
from pathlib import Path
from gate_controller.assembly.updates import make_updates
from gate_controller.assembly import assemble
assert make_updates(None, None, None, {}, (), None) is None
try:
    make_updates(Path("."), Path("site.toml"), None, {}, (), None)
except ModuleNotFoundError as err:
    print(err.name)
"""


def test_only_a_gate_of_the_launcher_loads_what_fetches_versions(tmp_path: Path) -> None:
    blocker = "import sys\n" + "".join(f"sys.modules[{name!r}] = None\n" for name in EXTRA)
    (tmp_path / "sitecustomize.py").write_text(blocker, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", START],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "installer\n"), done.stderr
