"""Calls from gates to homes: wishes, order of reach, answers, orders to open, missed calls."""
