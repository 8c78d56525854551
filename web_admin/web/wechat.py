"""Recognise the browser inside WeChat: no passkeys, no downloads, no share sheet, but a menu on pictures."""

from flask import request

MARK = "MicroMessenger"
"""In the user agent of WeChat's browser, on phones and computers, and of 企业微信's."""


def in_wechat() -> bool:
    """Return whether the page is read inside WeChat, by what the browser says of itself."""
    return MARK in request.user_agent.string
