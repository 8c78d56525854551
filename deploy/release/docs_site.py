"""Make the documentation a site, in two languages: `python deploy/release/docs_site.py OUT`.

The English site is made of the pages at their places in the repository, so that links between them hold; the
Chinese one of `docs/zh`, below `zh/`. zensical refuses a link or an anchor that leads nowhere.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from same_bytes import rewrite_wheel

ROOT = Path(__file__).resolve().parents[2]
NAME = "Menjin"
CHINESE = "zh"
AT_THE_ROOT = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE")
MOVED = {"docs/README.md": "index.md", "README.md": "about.md"}
"""Pages that are elsewhere in the site than in the repository."""
DOORS = r"\n\n- \[\*\*", '\n\n<div class="doors"></div>\n\n- [**'
"""The list of the first page gets a mark before it, by which `docs_site.css` draws doors."""
PRODUCT, STYLE, ICON = ROOT / "web_admin/static/menjin.css", "menjin.css", "logo.svg"
LANGUAGES = {"en": "English", CHINESE: "中文"}
READERS = {
    "Residents": ("residents", "visitors", "face", "reasons"),
    "Office": ("managers", "guards"),
    "Installers": (
        "installers",
        "wiring",
        "osdp",
        "calls",
        "lane_sheet",
        "settings",
        "../deploy/raspberry_pi",
    ),
    "Operators": (
        "operations",
        "../deploy/server",
        "releasing",
        "upgrading",
        "updates",
        "monitoring",
        "staying_up",
        "bell",
        "head_office",
        "fleet",
        "limits",
        "security/tls",
        "security/slow_clients",
    ),
    "Engineers": (
        "architecture",
        "how_a_gate_opens",
        "glossary",
        "api",
        "driver_checklist",
        "face_engines",
        "performance",
        "ui",
        "world",
    ),
    "Auditors": (
        "promises",
        "requirements",
        "threat_model",
        "asvs",
        "security/cra",
        "security/controls",
        "security/scans",
        "security/mutation",
    ),
}
"""What each reader finds in the menu, the first to read first; decisions follow by subject."""
WITHIN_CHINESE = r"([\u3000-\u303f\u4e00-\u9fff\uff00-\uffef”])\n *(?=[\u4e00-\u9fff“（])"
"""A line that goes on: a browser would show its end as a space."""
CHINESE_PAGES = (
    "README",
    "residents",
    "visitors",
    "managers",
    "guards",
    "installers",
    "lane_sheet",
    "reasons",
)


def build(out: Path) -> None:
    """Write the site into a folder that does not exist yet; raise SystemExit with what is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder)
        english, chinese = made / "english", made / "chinese"
        _lay_out_english(english / "pages")
        _lay_out_chinese(chinese / "pages")
        _run(english, "en", english_menu(), {"en": "index.html", CHINESE: f"{CHINESE}/index.html"})
        _run(
            chinese,
            CHINESE,
            [f"{page}.md" for page in CHINESE_PAGES],
            {"en": "../index.html", CHINESE: "index.html"},
        )
        shutil.copytree(chinese / "site", english / "site" / CHINESE)
        shutil.move(english / "site", out)


def pack_site(file: Path, at_seconds: int) -> None:
    """Write the site as a ZIP: the same bytes for the same pages and time."""
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder) / "site")
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
            for path in sorted((Path(folder) / "site").rglob("*")):
                if path.is_file():
                    packed.write(path, f"{file.stem}/{path.relative_to(Path(folder) / 'site')}")
    rewrite_wheel(file, at_seconds)


def english_menu() -> list[object]:
    """Return the menu: the first page, a list for each reader, decisions, changes."""
    lists = [{reader: [_place(page) for page in pages]} for reader, pages in READERS.items()]
    subjects = sorted(path.name for path in (ROOT / "docs/decisions").glob("[0-9a-z]*.md"))
    decisions = {"Decisions": [f"docs/decisions/{name}" for name in ("README.md", *subjects)]}
    return [
        "index.md",
        {"Try and install": "about.md"},
        *lists,
        decisions,
        "CONTRIBUTING.md",
        "SECURITY.md",
        "CHANGELOG.md",
    ]


def _place(page: str) -> str:
    return f"{page.removeprefix('../')}.md" if page.startswith("../") else f"docs/{page}.md"


def _lay_out_english(pages: Path) -> None:
    pages.mkdir(parents=True)
    for name in AT_THE_ROOT:
        shutil.copyfile(ROOT / name, pages / name)
    shutil.copytree(ROOT / "docs", pages / "docs", ignore=shutil.ignore_patterns(CHINESE))
    shutil.copytree(
        ROOT / "deploy", pages / "deploy", ignore=shutil.ignore_patterns("release", "__pycache__")
    )
    for page in (pages / "docs").glob("*.md"):
        _relink(page, r"\]\(zh/(\w+)\.md", rf"](../{CHINESE}/\1.html")
    for place, moved in MOVED.items():
        shutil.move(pages / place, pages / moved)
    first, about = (pages / moved for moved in MOVED.values())
    _relink(first, r"\]\((?!\.\.)", "](docs/")
    _relink(first, r"\]\(\.\./(?:(README)\.md)?", lambda link: f"]({'about.md' if link[1] else ''}")
    _relink(first, *DOORS)
    _relink(about, r"\]\(docs/README\.md", "](index.md")
    _relink(about, r"\]\(docs/zh/(\w+)\.md", rf"]({CHINESE}/\1.html")


def _lay_out_chinese(pages: Path) -> None:
    shutil.copytree(ROOT / "docs" / CHINESE, pages)
    _relink(pages / "README.md", *DOORS)
    _relink(pages / "README.md", r"\]\(\.\./README\.md", "](../index.html")
    for page in pages.glob("*.md"):
        _relink(page, r"\]\(\.\./\.\./([\w/]+)\.md", r"](../\1.html")
        _relink(page, r"\]\(\.\./(\w+)\.md", r"](../docs/\1.html")
        _relink(page, r"\]\(\.\./pictures/", r"](../docs/pictures/")
        _relink(page, WITHIN_CHINESE, r"\1")


def _relink(page: Path, old: str, new: str | Callable[[re.Match[str]], str]) -> None:
    text = page.read_text(encoding="utf-8")
    page.write_text(re.sub(old, new, text).replace("README.html", "index.html"), encoding="utf-8")


def _run(folder: Path, language: str, menu: list[object], homes: dict[str, str]) -> None:
    """Build one language; the settings are TOML, of which JSON's lists and texts are a part."""
    style, values = (ROOT / "deploy/release/docs_site.css"), PRODUCT.read_text(encoding="utf-8")
    (folder / "pages" / STYLE).write_text(
        values[: values.index("\nbody {")] + style.read_text(encoding="utf-8"), encoding="utf-8"
    )
    shutil.copyfile(PRODUCT.with_name(ICON), folder / "pages" / ICON)
    palettes = [
        {"media": f"(prefers-color-scheme: {shade})", "scheme": scheme}
        for shade, scheme in (("light", "default"), ("dark", "slate"))
    ]
    project = {
        "site_name": NAME,
        "docs_dir": "pages",
        "site_dir": "site",
        "use_directory_urls": False,
        "nav": menu,
        "extra_css": [STYLE],
        "extra": {
            "alternate": [
                {"name": name, "lang": code, "link": homes[code]} for code, name in LANGUAGES.items()
            ]
        },
        "theme": {
            "language": language,
            "font": False,
            "logo": ICON,
            "favicon": ICON,
            "palette": palettes,
            "features": ["navigation.footer", "navigation.top", "content.code.copy"],
        },
    }
    (folder / "zensical.toml").write_text(f"project = {_toml(project)}\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"NO_COLOR": "1", "PATH": ""},
    )
    if done.returncode:
        said = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout or done.stderr)
        sys.exit(f"the documentation is no site:\n{said[:4000]}")


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value)


if __name__ == "__main__":
    build(Path(sys.argv[1]))
