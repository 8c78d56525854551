"""A refusal is logged in English with its values, and keeps what a terminal translates."""

from web_admin.core.refusal import ActionRefused, WorkRefused


def test_refused_work_has_its_values_filled_in_and_keeps_text_and_values():
    refused = WorkRefused("the folder %(folder)s is in use", folder="/srv/menjin")
    assert str(refused) == "the folder /srv/menjin is in use"
    assert (refused.text, refused.values) == ("the folder %(folder)s is in use", {"folder": "/srv/menjin"})


def test_a_text_without_values_may_have_a_per_cent_sign():
    assert str(WorkRefused("the disk is 98 % full")) == "the disk is 98 % full"


def test_a_refused_action_names_its_field_and_is_written_as_its_message():
    class Message:
        def __str__(self) -> str:
            return "Choose a lane."

    refused = ActionRefused("lanes", Message())
    assert (refused.field, str(refused)) == ("lanes", "Choose a lane.")
