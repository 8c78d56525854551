"""Texts are given in the language that is named, and in English where it is none of ours."""

import pytest

from web_admin.core.in_a_language import texts_in


@pytest.mark.parametrize(
    ("language", "text"), [("zh", "刷脸"), ("en", "Face"), ("tlh", "Face"), ("", "Face")]
)
def test_a_text_is_given_in_the_language_that_is_named(language, text):
    assert texts_in(language)("Face") == text


def test_two_languages_are_spoken_beside_each_other():
    chinese, english = texts_in("zh"), texts_in("en")
    assert (chinese("Face"), english("Face"), chinese("Face")) == ("刷脸", "Face", "刷脸")
