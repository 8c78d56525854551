"""Texts name a command as a person types it here: of a checkout, or of a package; one place knows how."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from gate_controller.command_line.command_names import (
    OF_PACKAGES,
    gate_command,
    gate_program,
    server_command,
    server_program,
)
from tests.support.wheels import ROOT

OWN_NAME = re.compile(r"menjin (web|gate) [-a-z]+")
MAY_HAVE_OWN_NAME = re.compile(r"""menjin[ "']""")
"""A file with such a name in a text, perhaps in several parts, has this; others need not be parsed."""
ELSEWHERE = {
    "gate_controller/audit/certificate.py": "an auditor's machine has no package",
    "gate_controller/audit/main.py": "an auditor's machine has no package",
    "web_admin/cli/main.py": "the list of commands, whose name is replaced as a whole",
}


def test_a_checkout_and_a_package_name_their_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (server_program(), gate_program()) == ("menjin web", "menjin gate")
    assert server_command("backup FILE") == "menjin web backup FILE"
    assert gate_command("pair-reader", "north") == "menjin gate pair-reader SITE.toml north"
    for name, value in OF_PACKAGES.items():
        monkeypatch.setenv(name, value)
    assert (server_program(), gate_program()) == ("menjin-server", "menjin-gate")
    assert server_command("backup FILE") == "sudo menjin-server backup FILE"
    assert gate_command("pair-reader", "north") == "sudo menjin-gate pair-reader north"


def texts_of(path: Path) -> set[str]:
    """Texts of a file of Python that are no docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documents = {
        id(node.value)
        for body in ast.walk(tree)
        if isinstance(getattr(body, "body", None), list)
        for node in getattr(body, "body", [])
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return {
        str(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and id(node) not in documents
    }


@pytest.mark.wide
def test_no_text_has_a_name_of_its_own_for_a_command() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "web_admin", "gate_controller", "hardware"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    found = {
        name
        for name in listed
        if name.endswith(".py")
        if MAY_HAVE_OWN_NAME.search((ROOT / name).read_text(encoding="utf-8"))
        if any(OWN_NAME.search(text) for text in texts_of(ROOT / name))
    } | {name for name in listed if name.endswith(".html") and OWN_NAME.search((ROOT / name).read_text())}
    assert found == set(ELSEWHERE)
