"""What each template keeps to: short lines, a block a line, and nothing worked out within a tag."""

import re
from collections.abc import Iterable
from pathlib import Path

from jinja2 import Environment, nodes

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("hardware", "gate_controller", "web_admin", "head_office", "fleet", "demo")
TEMPLATES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("templates/**/*.html"))
LONGEST_LINE = 160
BLOCKS = (
    "article|aside|dd|details|div|dl|dt|fieldset|footer|form|h1|h2|h3|header|li|main|nav|ol|p|section"
    "|select|summary|table|tbody|td|th|thead|tr|ul"
)
LATER_BLOCK = re.compile(rf"\S.*<(?:{BLOCKS})[\s>]")
JINJA_TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}")
JOINED_ATTRIBUTES = re.compile(
    r'%\}[\w-]+(?:="[^"\n]*")?\{% endif %\}\n\s*\{% if [^\n]*%\}[\w-]+(?:="[^"\n]*")?\{% endif'
)
"""Jinja takes away the line break after a `{% endif %}` and the indentation before an `{% if %}`."""


def faults(of: dict[Path, Iterable[int]]) -> list[str]:
    return [f"{path.relative_to(ROOT)}:{number}" for path, numbers in of.items() for number in numbers]


def lines_of(path: Path) -> Iterable[tuple[int, str]]:
    return enumerate(path.read_text(encoding="utf-8").splitlines(), 1)


def test_every_package_with_pages_has_its_templates_looked_at() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in TEMPLATES} >= {"web_admin", "head_office", "demo"}
    assert len(TEMPLATES) > 150


def test_no_line_of_a_template_is_longer_than_a_screen() -> None:
    assert faults({p: [n for n, line in lines_of(p) if len(line) > LONGEST_LINE] for p in TEMPLATES}) == []


def test_each_block_of_a_template_begins_its_own_line() -> None:
    later = {
        p: [n for n, line in lines_of(p) if LATER_BLOCK.search(JINJA_TAG.sub("", line))] for p in TEMPLATES
    }
    assert faults(later) == []


def test_no_condition_of_a_template_is_within_another() -> None:
    """An expression with two `if` is worked out in the view, or is `{% if %}` with `{% elif %}`."""
    found = {}
    for path in TEMPLATES:
        conditions = (
            Environment(autoescape=True).parse(path.read_text(encoding="utf-8")).find_all(nodes.CondExpr)
        )
        found[path] = [one.lineno for one in conditions if one.find(nodes.CondExpr) is not None]
    assert faults(found) == []


AS_WRITTEN = re.compile(r'class="[^"]*\bas-written\b[^"]*"[^>]*>(?P<begins>\s*)')
"""Its line breaks are shown (`white-space: pre-line`): one after the tag is an empty line on the page."""


def test_what_is_shown_as_it_was_written_begins_on_the_line_of_its_element() -> None:
    found = {}
    for path in TEMPLATES:
        text = path.read_text(encoding="utf-8")
        shown = list(AS_WRITTEN.finditer(text))
        found[path] = [text.count("\n", 0, one.start()) + 1 for one in shown if "\n" in one["begins"]]
    assert faults(found) == []
    kept = [path for path in (ROOT / "web_admin/static").glob("*.css") if "pre-line" in path.read_text()]
    rules = re.findall(r"^(.*?) \{[^}]*pre-line", "\n".join(map(Path.read_text, kept)), re.MULTILINE)
    assert rules == [".as-written"]


def test_no_two_conditional_attributes_are_joined_by_their_lines() -> None:
    """The second of two lines begins with `{%+ if`, which keeps the space before it."""
    joined = {path: JOINED_ATTRIBUTES.finditer(path.read_text(encoding="utf-8")) for path in TEMPLATES}
    assert faults({path: [match.start() for match in matches] for path, matches in joined.items()}) == []
