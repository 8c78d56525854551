"""Name the kind of phone that asks."""

from flask import request


def phone_label() -> str:
    """Return what kind of phone asks, so that its owner can distinguish phones."""
    agent = request.user_agent.string
    for mark, name in (
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("HarmonyOS", "HarmonyOS"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Macintosh", "Mac"),
        ("Linux", "Linux"),
    ):
        if mark in agent:
            return name
    return "Phone"
