"""Show the guide of staff from the Markdown of the documentation, by sections, without a network."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup, escape

from gate_controller.contract.languages import LANGUAGES, WRITTEN_IN, Language

FOLDER = Path(__file__).parents[1] / "templates" / "guide"
GUIDE, LANE_SHEET = "managers", "lane_sheet"
TEXTS = (GUIDE, LANE_SHEET)
"""The texts of `docs/` that the office has; a link to another is shown as its words."""
OF_OPERATORS = ("menjin ", "sudo ", "sudo\N{NO-BREAK SPACE}")
"""How a command begins that a shell takes: no one in the office types it."""
Address = Callable[[str], str]
"""Where one of `TEXTS` is shown."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part below one heading; its anchor is made of the English heading, in every language."""

    anchor: str
    title: str
    body: Markup


@dataclass(frozen=True, slots=True)
class Guide:
    """One text in one language: its title, what stands before the first heading, and its sections."""

    title: str
    introduction: Markup
    sections: Sequence[Section]


@lru_cache(maxsize=len(TEXTS) * len(LANGUAGES) * 2)
def guide(text: str, language: str, for_operators: str, address: Address) -> Guide:
    """Return one of `TEXTS`; commands are folded under the words `for_operators`."""
    md = _reader()
    (before, *parts), (_first, *named) = _parts(md, text, language), _parts(md, text, WRITTEN_IN)
    anchors = [anchor_of(_title(part)) for part in named]
    (title,) = [token.content for token in before if token.type == "inline"][:1]
    return Guide(
        title,
        _html(md, before[3:], for_operators, address),
        [
            Section(anchor, _title(part), _html(md, part[3:], for_operators, address))
            for anchor, part in zip(anchors, parts, strict=True)
        ],
    )


def anchor_of(title: str) -> str:
    """Return the anchor of a heading, as pages of a repository have it."""
    kept = "".join(sign for sign in title.lower() if sign.isalnum() or sign in " -_")
    return kept.replace(" ", "-")


def _reader() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table")


def _parts(md: MarkdownIt, text: str, language: str) -> list[list[Token]]:
    """Return the tokens before the first heading of the second degree, and of each from there."""
    parts: list[list[Token]] = [[]]
    for token in md.parse((FOLDER / language / f"{text}.md").read_text(encoding="utf-8")):
        if (
            token.children and not Language(language).gap
        ):  # a language without spaces has none at a line's end
            token.children = [child for child in token.children if child.type != "softbreak"]
        if token.type == "heading_open" and token.tag == "h2":
            parts.append([])
        parts[-1].append(token)
    return parts


def _title(part: Sequence[Token]) -> str:
    return part[1].content


def _html(md: MarkdownIt, part: Sequence[Token], for_operators: str, address: Address) -> Markup:
    tokens = [_fitted(token, address) for token in _folded(part, for_operators)]
    return Markup(md.renderer.render(tokens, md.options, {}))  # noqa: S704 - of a file of ours, HTML escaped


def _folded(part: Sequence[Token], for_operators: str) -> Iterator[Token]:
    """Fold blocks with a command of a shell; leave out a paragraph that leads to a translation."""
    at = 0
    while at < len(part):
        size = 3 if part[at].type == "paragraph_open" else 1
        block = part[at : at + size]
        at += size
        if _leads_to_a_translation(block):
            continue
        if not any(_is_command(token) for token in block):
            yield from block
            continue
        summary = f'<details class="fold"><summary>{escape(for_operators)}</summary>\n'
        yield Token("html_block", "", 0, content=summary)
        yield from block
        yield Token("html_block", "", 0, content="</details>\n")


def _is_command(token: Token) -> bool:
    inline = any(
        child.type == "code_inline" and child.content.startswith(OF_OPERATORS)
        for child in token.children or ()
    )
    return inline or (token.type == "fence" and token.info == "sh")


def _leads_to_a_translation(block: Sequence[Token]) -> bool:
    parts = (block[1].children or []) if len(block) == 3 else []
    alone = [part.type for part in parts] == ["link_open", "text", "link_close"]
    return alone and str(parts[0].attrGet("href")).endswith(".md")


def _fitted(token: Token, address: Address) -> Token:
    """Return a token with the page's classes, and with links to what the office has alone."""
    if token.type == "table_open":
        token.attrSet("class", "list guide")
    if token.children:
        token.children = list(_linked(token.children, address))
    return token


def _linked(children: Sequence[Token], address: Address) -> Iterator[Token]:
    is_led = False
    for child in children:
        if child.type == "link_open":
            target = _target(str(child.attrGet("href")), address)
            is_led = target is not None
            child.attrSet("href", target or "")
        if is_led or child.type not in ("link_open", "link_close"):
            yield child


def _target(href: str, address: Address) -> str | None:
    path, _sign, anchor = href.partition("#")
    if not path:
        return href
    text = path.removesuffix(".md")
    if text not in TEXTS:
        return None
    return address(text) + (f"#{anchor}" if anchor else "")
