"""The command, the set-up and the files for operators, tried as a newcomer meets them."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path
from threading import Thread
from wsgiref.simple_server import make_server
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
import yaml

import menjin
from gate_controller.site_file.load import load_config

ROOT = Path(__file__).resolve().parents[2]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
UNITS = sorted((ROOT / "deploy").glob("*.service"))
TIME_LIMIT_SECONDS = 120


OF_MAKE = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES")


def run(*command: str, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=cwd,
        # Under `make test`, make would take itself for a part of that make, and say so first.
        env={name: value for name, value in os.environ.items() if name not in OF_MAKE} | environment,
        capture_output=True,
        text=True,
        timeout=TIME_LIMIT_SECONDS,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def python_without(tmp_path: Path, *modules: str) -> dict[str, str]:
    """Return an environment in which these modules cannot be imported."""
    blocker = "import sys\n" + "".join(f"sys.modules[{name!r}] = None\n" for name in modules)
    (tmp_path / "sitecustomize.py").write_text(blocker, encoding="utf-8")
    return {"PYTHONPATH": str(tmp_path)}


def stub_python(folder: Path, name: str, body: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)


@pytest.fixture
def bare_machine(tmp_path: Path) -> Path:
    """A folder with the Makefile, and a bin folder with no Python but what the test adds."""
    (tmp_path / "bin").mkdir()
    for tool in ("sh", "basename", "rm", "make", "awk"):
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool) or "")
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in (
        "requirements.lock",
        "requirements-dlib.lock",
        "pyproject.toml",
        "package.json",
        "package-lock.json",
        ".npmrc",
    ):
        (tmp_path / name).touch()
    (tmp_path / "face_laboratory").mkdir()
    (tmp_path / "face_laboratory/pyproject.toml").touch()
    return tmp_path


# -- the command -----------------------------------------------------------------------------------


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert menjin.main(["--help"]) == 0
    text = capsys.readouterr().out
    assert [name for name in menjin.GROUPS if f"\n  {name} " not in text] == []


def test_the_version_is_the_one_in_the_project_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert menjin.main(["--version"]) == 0
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert capsys.readouterr().out == f"menjin {project['version']}\n"


def test_an_unknown_command_is_one_clear_line_and_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert menjin.main(["gaet"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "'gaet'" in error
    assert "gate" in error


def test_a_missing_extra_is_one_line_that_says_what_to_install(tmp_path: Path) -> None:
    done = run(sys.executable, "-m", "menjin", "qr", "read", "x.png", **python_without(tmp_path, "zxingcpp"))
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "menjin qr needs the extra gate: pip install 'menjin[gate]'" in done.stderr


def test_without_the_face_laboratory_a_gate_keeps_its_models_and_names_the_package(tmp_path: Path) -> None:
    for name in ("menjin.py", "gate_controller", "hardware"):
        (tmp_path / name).symlink_to(ROOT / name)
    # -S: without the file of site-packages by which this checkout is installed.
    command = (sys.executable, "-P", "-S", "-m", "menjin", "face")
    paths = {"PYTHONPATH": f"{tmp_path}:{sysconfig.get_path('purelib')}"}
    listed = run(*command, "models", "list", **paths)
    assert (listed.returncode, "menjin face models add" in listed.stdout) == (0, True), listed.stderr
    refused = run(*command, "evaluate", "people.csv", **paths)
    package = f"menjin-face-laboratory=={VERSION}"
    said = f"menjin: menjin face evaluate is in the package {package}: pip install {package}\n"
    assert (refused.returncode, refused.stderr) == (2, said)


def test_the_face_laboratory_asks_for_menjin_of_its_version_and_for_what_it_imports() -> None:
    project = tomllib.loads((ROOT / "face_laboratory/pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == VERSION
    first, *others = project["dependencies"]
    assert first == f"menjin[face]=={VERSION}"
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "face_laboratory").glob("*.py")]
    imported = set(re.findall(r"^ *(?:from|import) (\w+)", "\n".join(sources), re.MULTILINE))
    own = {"face_laboratory", "gate_controller", "hardware", *sys.stdlib_module_names}
    named = {{"cv2": "opencv-python-headless"}.get(module, module) for module in imported - own}
    assert {re.split("[>=]", one)[0] for one in others} == named


def test_a_fault_in_our_own_code_is_not_taken_for_a_missing_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = menjin.Group("gate_controller.no_such_module", "gate", "")
    monkeypatch.setitem(menjin.GROUPS, "broken", broken)
    with pytest.raises(ModuleNotFoundError, match=r"gate_controller\.no_such_module"):
        menjin.main(["broken"])


def test_bench_outside_a_checkout_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(menjin, "_CHECKOUT", tmp_path)
    assert menjin.main(["bench"]) == 2
    assert "only in a checkout" in capsys.readouterr().err


def test_the_server_command_loads_no_driver_and_the_gate_command_no_database() -> None:
    heavy = {"web": {"serial", "cv2", "zxingcpp", "numpy", "hardware"}, "gate": {"sqlalchemy", "web_admin"}}
    for name, forbidden in heavy.items():
        script = (
            "import sys, contextlib, menjin\n"
            "with contextlib.suppress(SystemExit): menjin.main([sys.argv[1], '--help'])\n"
            "print('LOADED', *sorted(m for m in sys.modules if '.' not in m))"
        )
        done = run(sys.executable, "-c", script, name)
        loaded = set(done.stdout.rpartition("LOADED")[2].split())
        assert menjin.GROUPS[name].module.partition(".")[0] in loaded, done.stderr
        assert loaded & forbidden == set()


def test_qr_read_prints_what_a_picture_contains_and_explains_what_it_cannot_read(tmp_path: Path) -> None:
    qrcode = pytest.importorskip("qrcode")
    picture, nothing = tmp_path / "code.png", tmp_path / "nothing.png"
    qrcode.make("MENJIN 42").save(str(picture))
    nothing.write_text("not a picture", encoding="utf-8")
    done = run(sys.executable, "-m", "menjin", "qr", "read", str(picture), str(nothing), "--json")
    good, bad = (json.loads(line) for line in done.stdout.splitlines())
    assert good == {"file": str(picture), "codes": ["MENJIN 42"]}
    assert bad["codes"] == []
    assert str(nothing) in bad["error"]
    assert done.returncode == 1


# -- the set-up ------------------------------------------------------------------------------------


def test_make_alone_explains_its_targets() -> None:
    done = run("make", "--no-print-directory")
    assert done.returncode == 0
    for target in ("setup", "demo", "test", "test-all", "check", "bench", "lock"):
        assert re.search(rf"^  make {target} ", done.stdout, re.MULTILINE), target


def test_without_the_venv_module_the_first_line_names_the_package(bare_machine: Path) -> None:
    stub_python(bare_machine / "bin", "python3", 'case "$2" in *ensurepip*) exit 1;; esac; exit 0')
    done = run("make", "setup", cwd=bare_machine, PATH=str(bare_machine / "bin"))
    assert done.returncode != 0
    assert (done.stdout + done.stderr).startswith("sudo apt install python3-venv")
    assert not (bare_machine / ".venv").exists()


def test_an_old_python_is_refused_and_the_first_line_names_the_package(bare_machine: Path) -> None:
    stub_python(bare_machine / "bin", "python3", "exit 1")
    done = run("make", "setup", cwd=bare_machine, PATH=str(bare_machine / "bin"))
    assert done.returncode != 0
    assert (done.stdout + done.stderr).startswith("sudo apt install python3 python3-venv")
    assert "3.11" in done.stderr


def test_a_working_python_is_found_behind_one_that_cannot_make_environments(bare_machine: Path) -> None:
    stub_python(bare_machine / "bin", "python3", 'case "$2" in *ensurepip*) exit 1;; esac; exit 0')
    stub_python(bare_machine / "bin", "python3.12", 'case "$1" in --version) echo Stub 3.12;; esac; exit 0')
    done = run("make", ".venv/bin/python", cwd=bare_machine, PATH=str(bare_machine / "bin"))
    assert "Making .venv with Stub 3.12" in done.stdout


def test_the_lock_file_pins_digests_and_names_no_index() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pinned = re.findall(r"^[a-z0-9._-]+==", lock, re.MULTILINE)
    assert len(pinned) > 50
    assert re.findall(r"^[a-z0-9._-]+==[^\n]*[^\\\n]$", lock, re.MULTILINE) == []
    assert "://" not in lock


def test_the_browser_lock_has_digests_exact_versions_and_no_address() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    wanted = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert all("integrity" in entry and "resolved" not in entry for entry in packages.values())
    for name, version in (wanted["dependencies"] | wanted["devDependencies"]).items():
        assert packages[f"node_modules/{name}"]["version"] == version
    settings = (ROOT / ".npmrc").read_text(encoding="utf-8").splitlines()
    assert "omit-lockfile-registry-resolved=true" in settings
    assert [line for line in settings if "://" in line or line.startswith("registry")] == []


# -- the files for operators -----------------------------------------------------------------------


def test_the_units_pass_systemd_analyze(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not on this machine")
    for unit in UNITS:
        # The programs and users of an installed gate are not here: stand-ins keep the check on the unit.
        text = unit.read_text(encoding="utf-8")
        text = re.sub(r"^(Exec\w+=)(?:\S+)", rf"\1{sys.executable}", text, flags=re.M)
        text = re.sub(r"^(User|Group)=.*", r"\1=root", text, flags=re.M)
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    drop_in = tmp_path / "menjin-gate.service.d"
    drop_in.mkdir()
    shutil.copy(ROOT / "deploy/menjin-gate-sealed.conf", drop_in / "sealed.conf")
    launched = (ROOT / "deploy/menjin-gate-launched.conf").read_text(encoding="utf-8")
    launched = re.sub(r"^(ExecStart=)\S+", rf"\1{sys.executable}", launched, flags=re.M)
    (drop_in / "launched.conf").write_text(launched, encoding="utf-8")
    done = run(analyze, "verify", "--man=no", *(str(tmp_path / unit.name) for unit in UNITS))
    assert [line for line in done.stderr.splitlines() if "menjin" in line] == []
    assert len(UNITS) == 8


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_every_unit_is_hardened(unit: Path) -> None:
    lines = unit.read_text(encoding="utf-8").splitlines()
    for setting in ("NoNewPrivileges=yes", "ProtectSystem=strict", "LimitCORE=0", "MemorySwapMax=0"):
        assert setting in lines, setting
    (mask,) = [line.removeprefix("UMask=") for line in lines if line.startswith("UMask=")]
    assert int(mask, 8) & 0o027 == 0o027, "no other user reads what a unit writes"


def test_images_are_named_by_their_digest_alone() -> None:
    compose = (ROOT / "deploy/compose.yaml").read_text(encoding="utf-8")
    services = yaml.safe_load(compose)["services"].values()
    # One that is built from this folder is never pulled: its bases have digests, below.
    images = [service["image"] for service in services if "image" in service and "build" not in service]
    definition = (ROOT / "deploy/Containerfile").read_text(encoding="utf-8")
    bases = re.findall(r"^FROM (\S+)", definition, re.M)
    assert images
    assert bases
    # Each has to be set, and what the message asks for is a digest.
    assert [image for image in images if not re.fullmatch(r"\$\{\w+:\?.*@sha256:.*\}", image)] == []
    assert set(bases) == {"${PYTHON_IMAGE}"}
    assert "\nARG PYTHON_IMAGE\n" in definition
    assert re.search(r"PYTHON_IMAGE: \$\{\w+:\?.*@sha256:.*\}", compose)


def test_the_image_takes_only_packages_whose_hash_is_known() -> None:
    definition = (ROOT / "deploy/Containerfile").read_text(encoding="utf-8")
    installs = re.findall(r"pip install [^\\\n]*", definition)
    assert installs
    for line in installs:
        assert "--require-hashes" in line or ("--no-deps" in line and "--no-index" in line), line


def test_the_image_definition_is_one_that_a_linter_takes_and_runs_as_no_root() -> None:
    containerfile = ROOT / "deploy/Containerfile"
    linter = Path(sys.executable).with_name("hadolint")
    said = subprocess.run([linter, "--no-color", containerfile], capture_output=True, text=True, check=False)
    assert (said.returncode, said.stdout) == (0, ""), said.stdout
    users = re.findall(r"^USER (\S+)", containerfile.read_text(encoding="utf-8"), re.M)
    assert users == ["1970:1970"]


def test_the_servers_own_pins_are_those_of_the_whole_project() -> None:
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^([\w.-]+==[^ ;\\]+)", (ROOT / name).read_text(encoding="utf-8"), re.M))

    web = pins("requirements-web.lock")
    assert {"flask", "gunicorn", "waitress"} <= {pin.partition("==")[0] for pin in web}
    assert web - pins("requirements.lock") == set()


def test_a_unit_waits_for_notifications_only_from_a_program_that_sends_them() -> None:
    gate = (ROOT / "deploy/menjin-gate.service").read_text(encoding="utf-8")
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "gate_controller").rglob("*.py")]
    says_ready, says_alive = (
        any(f'notify("{state}")' in source for source in sources) for state in ("READY=1", "WATCHDOG=1")
    )
    assert ("\nType=notify\n" in gate) == says_ready
    assert ("\nWatchdogSec=" in gate) == says_alive


def test_the_commands_in_the_units_exist() -> None:
    for unit in UNITS:
        for command in re.findall(r"^ExecStart=\S*/menjin ([\w-]+)", unit.read_text(encoding="utf-8"), re.M):
            assert command in menjin.GROUPS


def test_every_toml_and_yaml_file_for_operators_can_be_read() -> None:
    tables = [tomllib.loads(path.read_text(encoding="utf-8")) for path in (ROOT / "deploy").glob("*.toml")]
    assert tables
    compose = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text(encoding="utf-8"))
    assert {"web", "database", "proxy"} <= set(compose["services"])
    assert all("ports" not in service for name, service in compose["services"].items() if name != "proxy")


@pytest.mark.parametrize("status", ["200 OK", "503 Service Unavailable"])
def test_the_containers_health_check_separates_a_working_server_from_a_broken_one(status: str) -> None:
    definition = (ROOT / "deploy/Containerfile").read_text(encoding="utf-8")
    (asked_by,) = re.findall(r"^HEALTHCHECK .*\\\n +CMD (\[.*\])$", definition, re.M)
    *_, command = json.loads(asked_by)
    asked: list[str] = []

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        asked.append(environ["PATH_INFO"])
        start_response(status, [("Content-Type", "text/plain")])
        return [b"ok"]

    with make_server("127.0.0.1", 0, answer) as server:
        Thread(target=server.handle_request, daemon=True).start()
        here = command.replace("127.0.0.1:8000", f"127.0.0.1:{server.server_port}")
        ended = subprocess.run([sys.executable, "-c", here], capture_output=True, timeout=30, check=False)
    assert asked == ["/readyz"]
    assert (ended.returncode == 0) == status.startswith("200")


def test_the_example_site_file_is_one_that_a_gate_accepts() -> None:
    text = (ROOT / "deploy/site.example.toml").read_text(encoding="utf-8")
    config = load_config(ROOT / "deploy/site.example.toml")
    assert set(config.lane) == {"north-in", "north-out"}
    assert not config.face.enabled
    assert re.findall(r"/dev/tty(?:USB|ACM)\d", text) == []


def test_the_part_for_face_in_the_example_is_accepted_when_its_marks_are_removed(tmp_path: Path) -> None:
    text = (ROOT / "deploy/site.example.toml").read_text(encoding="utf-8")
    head, mark, face = text.partition("# -- face")
    site = tmp_path / "site.toml"
    site.write_text(head + mark + re.sub(r"^# ?(?=[\[\w])", "", face, flags=re.M), encoding="utf-8")
    config = load_config(site)
    assert config.face.enabled
    assert set(config.camera) == {"north-in-camera"}


def test_no_secret_has_a_default_in_the_files_for_operators() -> None:
    compose = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text(encoding="utf-8"))
    settings = json.dumps([service.get("environment", {}) for service in compose["services"].values()])
    assert re.findall(r'"\w*(?:PASSWORD|SECRET|KEY)": "[^"]*"', settings) == []
