"""The sign for a gate's keypad says the same keys in every language."""

import re

from gate_controller.control.screen_actions import HELP_KEY
from gate_controller.lane.face_dialog import READ_ALOUD_KEY


def test_the_sign_names_the_keys_of_the_gates_keypad_in_both_languages(compound):
    page = compound.signed_in("installer").get("/manage/gates/north/sign").text
    assert (
        re.findall(r"<kbd>(.*?)</kbd>", page)
        == [
            READ_ALOUD_KEY,
            "##",
            "##7",
            "##8",
            f"##{HELP_KEY}",
        ]
        * 2
    )
    assert "朗读屏幕" in page
    assert "Reads the screen aloud" in page
