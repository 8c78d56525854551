"""A release is a thing: whole, the same bytes twice, signed, and refused of what is in no commit."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import time
import zipfile
from pathlib import Path

import pytest
import requests

from tests.support.wheels import wheels_of_this_tree

ROOT = Path(__file__).resolve().parents[2]
WHEN = "2026-11-27T12:00:00+0000"
CHINESE = "web_admin/translations/zh/LC_MESSAGES/messages.mo"
QR_SCRIPT = "web_admin/static/vendor/lean-qr/index.mjs"

PROGRAM = (sys.executable, "-P", "-c", "import menjin, sys; sys.exit(menjin.main())")
"""`menjin` of the first place on the import path, never of the folder it runs in."""

pytestmark = [pytest.mark.slow, pytest.mark.wide]


def run(words: list[str | Path], folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "GIT_AUTHOR_DATE": WHEN, "GIT_COMMITTER_DATE": WHEN, **more}
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def clone_of_this_tree(folder: Path, umask: int) -> Path:
    """A commit of the files as they lie here, in a folder of its own, with nothing that a build makes."""
    before = os.umask(umask)
    try:
        listed = run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], ROOT).stdout
        for name in filter(None, listed.split("\0")):
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / name, folder / name)
        who = ("-c", "user.name=release", "-c", "user.email=release@example.org")
        for words in (("init", "-q"), ("add", "-A"), (*who, "commit", "-qm", "release")):
            done = run(["git", *words], folder)
            assert done.returncode == 0, done.stderr
    finally:
        os.umask(before)
    return folder


def release(clone: Path, *more: str | Path) -> subprocess.CompletedProcess[str]:
    return run([sys.executable, "deploy/release/make.py", clone.parent / f"{clone.name}-out", *more], clone)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two releases of the same files, one under a closed umask; the second is signed."""
    folder = tmp_path_factory.mktemp("releases")
    key = folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    outs = []
    for name, umask, more in (("first", 0o022, ()), ("second", 0o077, ("--key", key))):
        (folder / name).mkdir()
        done = release(clone_of_this_tree(folder / name, umask), *more)
        assert done.returncode == 0, done.stdout + done.stderr
        outs.append(folder / f"{name}-out")
    return outs[0], outs[1]


def test_the_same_files_give_the_same_bytes(two: tuple[Path, Path]) -> None:
    first, second = ((out / "SHA256SUMS").read_text() for out in two)
    assert first == second
    kinds = {line.rpartition(".")[2] for line in first.splitlines()}
    assert kinds == {"gz", "whl", "json", "txt", "md"}


def test_a_wheel_and_an_sdist_have_the_chinese_texts_and_the_scripts_of_pages(two: tuple[Path, Path]) -> None:
    (wheel,), (sdist,) = two[0].glob("menjin-*.whl"), two[0].glob("*.tar.gz")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {CHINESE, QR_SCRIPT, "gate_controller/terminal/translations/zh/LC_MESSAGES/messages.mo"} <= names
    guide = zipfile.ZipFile(wheel).read("web_admin/templates/guide/zh/managers.md")
    assert guide == (ROOT / "docs/zh/managers.md").read_bytes(), "the file itself, where docs/ is not"
    assert not any(name.startswith("tests/") for name in names)
    assert len(list(two[0].glob("menjin_gate_without_face-*.whl"))) == 1
    assert len(list(two[0].glob("menjin_face_laboratory-*.whl"))) == 1
    with tarfile.open(sdist) as packed:
        inside = {name.partition("/")[2] for name in packed.getnames()}
    tools = {"Makefile", ".prettierrc.json", "requirements-web.lock"}
    assert {CHINESE, QR_SCRIPT, *tools, "docs/README.md"} <= inside


def test_a_wheel_holds_the_product_and_no_test_of_it(tmp_path: Path) -> None:
    whole, without_face = wheels_of_this_tree(tmp_path)
    gate = {"menjin.py", "hardware", "gate_controller"}
    all_of_it = gate | {"web_admin", "head_office", "fleet", "demo"}
    for wheel, product in ((whole, all_of_it), (without_face, gate)):
        names = zipfile.ZipFile(wheel).namelist()
        assert {name.partition("/")[0] for name in names if ".dist-info/" not in name} == product
        entries = next(name for name in names if name.endswith("/entry_points.txt"))
        assert "\n[menjin.drivers]\n" in zipfile.ZipFile(wheel).read(entries).decode()
        leftover = re.compile(r"(^|/)(tests?|samples?|examples?)/|(^|/)(test_[^/]*|conftest)\.py$|\.map$")
        assert [name for name in names if leftover.search(name)] == []


def test_a_gate_without_face_finds_its_drivers_and_has_no_twin_to_check_them(tmp_path: Path) -> None:
    _, without_face = wheels_of_this_tree(tmp_path)
    shutil.unpack_archive(without_face, tmp_path / "site", "zip")
    # Without site's files of paths, by which this checkout is installed.
    alone = [PROGRAM[0], "-S", *PROGRAM[1:], "driver"]
    paths = f"{tmp_path / 'site'}:{sysconfig.get_path('purelib')}"
    shown = run([*alone, "show", "tag_reader"], tmp_path, PYTHONPATH=paths)
    assert shown.stdout.startswith("[tag_reader.NAME]  tag_reader\n"), shown.stderr
    checked = run([*alone, "check", "menjin"], tmp_path, PYTHONPATH=paths)
    assert checked.returncode == 1
    assert "a check needs the simulated devices of the package menjin" in checked.stderr


def test_the_face_laboratory_is_a_wheel_of_its_own_and_measures(tmp_path: Path) -> None:
    whole, _ = wheels_of_this_tree(tmp_path)
    shutil.unpack_archive(whole, tmp_path / "site", "zip")
    call = "import make, sys; make.build_laboratory(*map(make.Path, sys.argv[1:]), 0)"
    release_folder = str(tmp_path / "source/deploy/release")
    built = run([sys.executable, "-c", call, ".", tmp_path], tmp_path / "source", PYTHONPATH=release_folder)
    (wheel,) = tmp_path.glob("menjin_face_laboratory-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0] for name in names if ".dist-info/" not in name} == {"face_laboratory"}
    assert any(name.endswith("/licenses/LICENSE") for name in names), built.stderr
    shutil.unpack_archive(wheel, tmp_path / "site", "zip")
    alone = [PROGRAM[0], "-S", *PROGRAM[1:], "face", "--help"]
    paths = f"{tmp_path / 'site'}:{sysconfig.get_path('purelib')}"
    assert "evaluate" in run(alone, tmp_path, PYTHONPATH=paths).stdout


def test_the_sums_are_signed_and_openssh_checks_them(two: tuple[Path, Path], tmp_path: Path) -> None:
    signed = two[1]
    (tmp_path / "signers").write_text("release " + (signed.parent / "key.pub").read_text())
    sums = (signed / "SHA256SUMS").read_text()
    words = [
        "ssh-keygen",
        "-Y",
        "verify",
        "-f",
        tmp_path / "signers",
        "-I",
        "release",
        "-n",
        "menjin-release",
        "-s",
        signed / "SHA256SUMS.sig",
    ]
    good = subprocess.run(words, input=sums, text=True, capture_output=True, check=False)
    assert good.returncode == 0, good.stderr
    bad = subprocess.run(words, input=sums.replace("0", "1"), text=True, capture_output=True, check=False)
    assert bad.returncode != 0
    assert run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], signed).returncode == 0


def test_the_bills_name_each_pinned_package_and_script(two: tuple[Path, Path]) -> None:
    locks = {
        "server": "requirements-web.lock",
        "gate": "requirements-gate.lock",
        "gate-without-face": "requirements-gate-without-face.lock",
    }
    for place, lock in locks.items():
        (file,) = two[0].glob(f"menjin-[0-9.]*-{place}.cdx.json")
        bill = json.loads(file.read_text())
        named = {component["name"].lower() for component in bill["components"]}
        lines = (ROOT / lock).read_text().splitlines()
        pinned = {line.partition("==")[0] for line in lines if line and line[0] not in " #"}
        assert pinned <= named
        assert ("lean-qr" in named) is (place == "server")
    assert bill["specVersion"] == "1.6"


def test_the_wheel_serves_chinese_and_the_script_of_codes_outside_a_checkout(
    two: tuple[Path, Path], tmp_path: Path
) -> None:
    home, data = unpacked(two[0], tmp_path), tmp_path / "data"
    (tmp_path / "word").write_text("a long passphrase\n")
    done = program(
        home,
        "web",
        "init",
        "--data-dir",
        data,
        "--name",
        "Willow Court",
        "--language",
        "zh",
        "--timezone",
        "Asia/Shanghai",
        "--public-url",
        "http://127.0.0.1:8000",
        "--root-key",
        tmp_path / "root.pem",
        "--root-passphrase-file",
        tmp_path / "word",
        "--manager-email",
        "manager@example.org",
        "--manager-password-file",
        tmp_path / "word",
    )
    assert done.returncode == 0, done.stderr
    log = tmp_path / "log"
    with (
        log.open("w") as output,
        subprocess.Popen(
            [*PROGRAM, "web", "run", "--data-dir", str(data), "--port", "0"],
            cwd=home.parent,
            stdout=output,
            stderr=output,
            env={**os.environ, "PYTHONPATH": str(home)},
        ) as server,
    ):
        try:
            address = announced(log, server)
            page = requests.get(f"{address}/r/welcome", headers={"Accept-Language": "zh"}, timeout=30)
            assert "邀请码" in page.text
            script = requests.get(f"{address}/{QR_SCRIPT.removeprefix('web_admin/')}", timeout=30)
            assert (script.status_code, "javascript" in script.headers["Content-Type"]) == (200, True)
        finally:
            server.terminate()


def unpacked(out: Path, folder: Path) -> Path:
    """The wheel as pip lays it down, away from any checkout."""
    (wheel,) = out.glob("menjin-*.whl")
    shutil.unpack_archive(wheel, folder / "site", "zip")
    return folder / "site"


def program(home: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return run([*PROGRAM, *words], home.parent, PYTHONPATH=str(home))


def announced(log: Path, server: subprocess.Popen[bytes]) -> str:
    """Wait until the server says its address."""
    while server.poll() is None:
        found = re.search(r"https?://127\.0\.0\.1:[1-9]\d*", log.read_text())
        if found:
            return found[0]
        time.sleep(0.05)
    raise AssertionError(log.read_text())


@pytest.mark.parametrize("part", [CHINESE, QR_SCRIPT])
def test_without_its_parts_the_server_does_not_start_and_says_why(
    two: tuple[Path, Path], tmp_path: Path, part: str
) -> None:
    home = unpacked(two[0], tmp_path)
    (home / part).unlink()
    answer = program(home, "web", "run")
    assert answer.returncode == 2
    assert f"this installation is not whole: {part} is missing" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_what_is_in_no_commit_and_a_missing_key_are_refused(tmp_path: Path) -> None:
    (tmp_path / "clone").mkdir()
    clone = clone_of_this_tree(tmp_path / "clone", 0o022)
    (clone / "README.md").write_text("changed")
    refused = release(clone)
    assert refused.returncode == 1
    assert "these files are in none" in refused.stderr
    assert "README.md" in refused.stderr
    run(["git", "checkout", "-q", "README.md"], clone)
    refused = release(clone, "--key", "/nowhere/key")
    assert "there is no key /nowhere/key" in refused.stderr
    assert not (tmp_path / "clone-out").exists()
