"""Families and staff of the list of people."""

import re

MOVE_IN = "/manage/people/move-in"


def names_in(page):
    return re.findall(r'<a href="/manage/people/[0-9a-f]{16}">([^<]+)', page)
