"""What comes from a machine moves no terminal: unseen characters are named, and JSON means what it meant."""

import json

import pytest

from fleet.terminal import out, printable


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("\x1b]0;good\x07", "\\u001b]0;good\\u0007"),
        ("all good\rred", "all good\\u000dred"),
        ("\x9b2J", "\\u009b2J"),
        ("\x7f", "\\u007f"),
        ("\u202emle", "\\u202emle"),
        ("\u2028", "\\u2028"),
        ("\U000e0041", "\\udb40\\udc41"),
        ("\udc80", "\\udc80"),
        ("柳苑　é\tline\n", "柳苑　é\tline\n"),
    ],
)
def test_what_is_no_mark_on_paper_is_named(said: str, shown: str) -> None:
    assert printable(said) == shown


def test_json_means_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    facts = {"cell": "\x9b\u202e\U000e0041\x7f\x1b柳"}
    out(json.dumps(facts, ensure_ascii=False))
    printed = capsys.readouterr().out
    assert json.loads(printed) == facts
    assert printed.rstrip("\n").isprintable()
