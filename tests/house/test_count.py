"""The figures of a tree are those that one counts by hand."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.count import ROWS, Tree, code_lines

WEB = """\
import threading

# a remark
def form(act):
    \"\"\"Two
    lines.\"\"\"

    def work(act):
        return True

    start_timer(work)
    return work
"""
PAGE = """\
<p>{{ "a" if x else "b" if y else "c" }}</p>
<p>{{ "a" if x else "b" }}{{ "a" if x else "b" }}</p>
<p>%s</p>
"""


@pytest.fixture
def tree(tmp_path):
    for name, text in {
        "menjin.py": "",
        "hardware/__init__.py": "",
        "web_admin/manage/homes.py": WEB,
        "web_admin/manage/lone.py": "x = [\n    1,\n]  # fmt: skip\nif x:\n    del x\n",
        "web_admin/manage/due.py": "def is_due(day):\n    return day > 3\n",
        "web_admin/templates/manage/home.html": PAGE % ("x" * 300),
        "tests/web_admin/manage/test_due.py": "from tests.web_admin.test_other import y\n",
        "tests/web_admin/conftest.py": "def compound():\n    return 1\n",
        "docs/decisions/0001-first.md": "",
        "docs/decisions/README.md": "",
    }.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return Tree(tmp_path)


def test_a_small_tree_has_the_figures_that_one_counts_by_hand(tree):
    assert {name: count(tree) for name, count in ROWS.items()} == {
        "lines of the product": 19,
        "of these with code": 13,
        "statements of the product, however they are set": 12,
        "files of the product": 5,
        "lines of the tests": 3,
        "functions of the product over 50 lines": 0,
        "places that start work by time in the server": 1,
        "lines of templates over 250": 1,
        "lines of templates over 160": 1,
        "longest line of a template": 307,
        "nested conditions in templates": 1,
        "closures that handle a form in manage": 1,
        "fixtures called compound": 1,
        "imports of a test from another": 1,
        "modules of the server with a test of their name": "33%",
        "those that decide something (*) with a test of their name": "50%",
        "marks that keep Python unformatted": 1,
        "pages of decisions": 1,
    }


def test_a_statement_over_lines_is_code_on_each_of_them():
    assert code_lines("x = [\n    1,\n\n    # why\n]\n") == 3


def test_a_folder_that_is_no_checkout_is_named(tmp_path):
    command = [sys.executable, "-m", "tests.house.count", str(tmp_path)]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"no checkout of the project: {tmp_path} (it has no menjin.py)" in done.stderr
