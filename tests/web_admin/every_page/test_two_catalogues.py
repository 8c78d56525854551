"""The residents' texts and all others are two catalogues, merged when a page is shown."""

from babel.messages.pofile import read_po

from tests.web_admin.every_page.test_pages_in_chinese import ROOT, catalogue


def test_a_text_in_both_catalogues_has_one_chinese_one():
    path = ROOT / "resident/translations/zh/LC_MESSAGES/messages.po"
    with path.open("rb") as file:
        residents = {entry.id: entry.string for entry in read_po(file, locale="zh") if entry.id}
    whole = catalogue()
    assert [text for text in residents.keys() & whole.keys() if residents[text] != whole[text]] == []
