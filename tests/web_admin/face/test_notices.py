"""A notice is published whole, and without a void clause."""

import pytest

from tests.support.acting import NOTICE
from web_admin.action.base import Action
from web_admin.core.refusal import ActionRefused
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.face.notices import NOTICE_FIELDS, publish_notice


@pytest.mark.parametrize("missing", NOTICE_FIELDS)
def test_a_notice_with_a_missing_part_is_not_published(act: Action, missing: str) -> None:
    texts = {**NOTICE, "en": {**NOTICE["en"], missing: " "}}
    with pytest.raises(ActionRefused) as refused:
        publish_notice(act, FACE_PURPOSE, texts)
    assert refused.value.field == f"en.{missing}"


@pytest.mark.parametrize("clause", ["This consent is IRREVOCABLE.", "您的同意不可撤回。"])
def test_a_notice_with_a_void_clause_is_not_published(act: Action, clause: str) -> None:
    with pytest.raises(ActionRefused, match="void"):
        publish_notice(act, FACE_PURPOSE, {**NOTICE, "zh": {**NOTICE["zh"], "effect": clause}})
