"""Residents' pages can be read at the age of eleven: their sentences are counted, by page and in all.

The measure is the grade of Flesch and Kincaid (J. P. Kincaid and others, *Derivation of new readability
formulas for Navy enlisted personnel*, 1975): 0.39 times the words of a sentence plus 11.8 times the
syllables of a word less 15.59. Grade 6 of an American school is the age of 11 to 12. Syllables are those of
pyphen, or the groups of vowels where they are more, since a hyphen parts off no single letter. textstat was
not taken: it wants nltk and a dictionary from the network. Chinese sentences have no such formula; those at
the gate have a length (`test_sentences.py`).
"""

import re
from functools import cache
from html.parser import HTMLParser

import pyphen
import pytest

from tests.browser.gallery.clients import client_of
from tests.browser.gallery.states import PAGES
from tests.browser.gallery.world import opened_world

HIGHEST_GRADE = 6.0
FEWEST_WORDS = 30
"""A page of fewer words has a sentence or two, and one long word would decide. In all they count."""
FEWEST_PAGES = 25
NO_BLOCK = frozenset({"a", "b", "strong", "em", "span", "time", "bdi", "abbr", "small", "code"})
NOT_READ = frozenset({"script", "style", "svg", "template", "pre", "option"})
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
HYPHENS = pyphen.Pyphen(lang="en_US", left=1, right=1)
SILENT_END = re.compile(r"(?:[^laeiouy]e|[^td]ed|[^sxzhcg]es)$")


class _Blocks(HTMLParser):
    """Collect the text of each block of the page's main part."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = [""]
        self._in_main = self._not_read = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_main += tag == "main"
        self._not_read += tag in NOT_READ
        self._part(tag)

    def handle_endtag(self, tag: str) -> None:
        self._in_main -= tag == "main"
        self._not_read -= tag in NOT_READ
        self._part(tag)

    def _part(self, tag: str) -> None:
        self.blocks += [""] * (tag not in NO_BLOCK)

    def handle_data(self, data: str) -> None:
        self.blocks[-1] += data * (self._in_main > 0 and not self._not_read)


def sentences_of(page: str) -> list[str]:
    """Return the whole sentences of a page, not its labels, buttons and headings."""
    reader = _Blocks()
    reader.feed(page)
    blocks = [" ".join(block.split()) for block in reader.blocks]
    whole = [block for block in blocks if block.endswith((".", "?", "!"))]
    return [one for block in whole for one in re.split(r"(?<=[.?!])\s+", block) if WORD.search(one)]


def syllables(word: str) -> int:
    parts = len(HYPHENS.positions(word)) + 1
    return max(parts, len(re.findall(r"[aeiouy]+", SILENT_END.sub("x", word.lower()))))


def grade(sentences: list[str]) -> float:
    words = [word for sentence in sentences for word in WORD.findall(sentence)]
    return 0.39 * len(words) / len(sentences) + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


def test_the_measure_knows_easy_from_hard() -> None:
    assert grade(["The cat sat on the mat."]) < 0
    assert 6 < grade(["Hold your own card to the reader, or type your home number and your PIN there."]) < 7
    assert grade(["Notwithstanding aforementioned provisions, authorisation is discretionary."]) > 20
    assert [syllables(word) for word in ("gate", "office", "area", "deleted", "codes")] == [1, 2, 2, 3, 1]
    assert sentences_of("<main><h1>Ways in</h1><p>Go <b>in</b>. Now!</p><script>x.</script></main>") == [
        "Go in.",
        "Now!",
    ]


@pytest.mark.wide
def test_residents_and_visitors_pages_are_read_at_the_age_of_eleven() -> None:
    read: dict[str, list[str]] = {}
    with opened_world() as world:
        clients = cache(lambda who: client_of(world, who, "en"))
        for state in PAGES:
            if state.group in ("phone", "visitor") and not state.steps and state.who != "desk":
                page = clients(state.who).get(state.path.format(language="en", **world.words))
                read[state.name] = sentences_of(page.text)
    assert len(read) >= FEWEST_PAGES
    long_enough = {
        name: sentences
        for name, sentences in read.items()
        if len(WORD.findall(" ".join(sentences))) >= FEWEST_WORDS
    }
    grades = {name: round(grade(sentences), 1) for name, sentences in long_enough.items()}
    assert {name: found for name, found in grades.items() if found > HIGHEST_GRADE} == {}
    assert grade(sorted({one for sentences in read.values() for one in sentences})) <= HIGHEST_GRADE
