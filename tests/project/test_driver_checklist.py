"""The checklist of drivers cannot fall behind: every driver has its section, and what it names exists."""

import importlib
import inspect
import pkgutil
import re
import typing
from pathlib import Path

import pytest

import hardware
import hardware.simulated
from gate_controller.site_file.config import GateConfig
from tests.fuzz.targets import TARGETS
from tests.project.device_kinds import OF_ONE_KIND, kinds_of_the_site_file

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/driver_checklist.md").read_text(encoding="utf-8")
QUESTIONS = {"reopens", "logs once", "twin", "golden bytes", "fuzzed", "docs"}
ACTS_OF_A_DRIVER = ({"start", "stop"}, {"pulse", "rest"}, {"newest_frame", "open"})


def sections() -> dict[str, str]:
    drivers = PAGE.partition("\n## The drivers\n")[2].partition("\n## ")[0]
    parts = re.split(r"^### (.*)$", drivers, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def classes_of(package: typing.Any) -> dict[str, type]:
    found = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    names = [module.name for module in found if not module.ispkg]
    return {
        f"{name.removeprefix(package.__name__ + '.')}.{kind.__name__}": kind
        for name in names
        for kind in vars(importlib.import_module(name)).values()
        if inspect.isclass(kind) and kind.__module__ == name
    }


def is_driver(kind: type) -> bool:
    is_whole = not inspect.isabstract(kind) and not getattr(kind, "_is_protocol", False)
    return is_whole and any(acts <= set(dir(kind)) for acts in ACTS_OF_A_DRIVER)


def drivers() -> set[str]:
    found = {
        name: kind
        for name, kind in classes_of(hardware).items()
        if is_driver(kind) and not name.startswith("simulated.")
    }
    # What another driver derives from is no driver itself.
    bases = {base for kind in found.values() for base in kind.__mro__[1:]}
    return {name for name, kind in found.items() if kind not in bases}


def test_every_driver_has_one_section_and_every_section_a_driver() -> None:
    named = [name for title in sections() for name in re.findall(r"`(\w+(?:\.\w+)+)`", title)]
    assert sorted(named) == sorted(drivers())


def test_every_kind_of_the_site_file_has_a_section() -> None:
    assert set(GateConfig.__struct_fields__) >= OF_ONE_KIND
    named = {word for title in sections() for word in re.findall(r"`(\w+)`", title)}
    assert kinds_of_the_site_file() | OF_ONE_KIND <= named


@pytest.mark.parametrize("title", sections())
def test_every_section_answers_every_question_with_a_name_or_a_reason(title: str) -> None:
    answers = re.findall(r"^- (\*\*.*)$", sections()[title], re.MULTILINE)
    asked = [question for answer in answers for question in re.findall(r"\*\*([\w ]+)\*\*", answer)]
    assert sorted(asked) == sorted(QUESTIONS)
    bare = [a for a in answers if not re.search(r"`[\w/.]+(::|\.)\w+`|\]\(\w+\.md|exempt: because .{10}", a)]
    assert bare == []


def test_every_test_that_the_checklist_names_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)
    assert named
    sources = {file: (ROOT / file).read_text(encoding="utf-8") for file, _ in named}
    defined = re.compile(r"^ *(?:def|class) (\w+)", re.MULTILINE)
    names = {file: set(defined.findall(source)) for file, source in sources.items()}
    assert [f"{file}::{name}" for file, name in named if name not in names[file]] == []


def test_every_twin_and_every_fuzz_target_that_the_checklist_names_exists() -> None:
    twins = re.findall(r"^- \*\*twin\*\*: `(\w+\.\w+)`", PAGE, re.MULTILINE)
    assert twins
    assert set(twins) <= set(classes_of(hardware.simulated))
    targets = {name for names in re.findall(r'TARGET="?([\w ]+)', PAGE) for name in names.split()}
    assert targets
    assert targets <= set(TARGETS)
