"""What every template leaves out, whichever page uses it."""

import re
from pathlib import Path

import web_admin

TEMPLATES = Path(web_admin.__file__).parent / "templates"


def test_no_template_has_inline_script_or_style() -> None:
    # `one=` is a number that a text is given: no event is called so.
    inline = re.compile(r"<style|style=|\son(?!e=)\w+=|<script(?![^>]*src=)|javascript:")
    paths = list(TEMPLATES.rglob("*.html"))
    assert len(paths) > 100
    found = {path.name: inline.findall(path.read_text(encoding="utf-8")) for path in paths}
    assert {name: places for name, places in found.items() if places} == {}
