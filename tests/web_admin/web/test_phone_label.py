"""The kind of phone is named so that its owner can distinguish phones."""

import pytest
from flask import Flask

from web_admin.web.phone_label import phone_label

WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("agent", "label"),
    [
        (f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) {WEBKIT}", "iPhone"),
        (f"Mozilla/5.0 (iPad; CPU OS 18_0 like Mac OS X) {WEBKIT}", "iPad"),
        (f"Mozilla/5.0 (Linux; Android 12; HarmonyOS; ALN-AL00) {WEBKIT}", "HarmonyOS"),
        (f"Mozilla/5.0 (Linux; Android 15; Pixel 9) {WEBKIT}", "Android"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT}", "Windows"),
        (f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT}", "Mac"),
        (f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT}", "Linux"),
        ("something else", "Phone"),
        ("", "Phone"),
    ],
)
def test_the_narrowest_name_that_a_browser_says_is_taken(agent: str, label: str) -> None:
    with Flask(__name__).test_request_context(headers={"User-Agent": agent}):
        assert phone_label() == label
