"""Texts about messages: every trouble has its words."""

from web_admin.messages.texts import TROUBLES, trouble_text


def test_every_trouble_has_words(compound):
    with compound.app.test_request_context(headers={"Accept-Language": "en"}):
        words = (*TROUBLES, "http_500", "mail_refused_550")
        sentences = {word: trouble_text(word) for word in words}
    bare = [word for word, text in sentences.items() if word == text or not text.endswith((".", "right?"))]
    assert bare == []
