"""Raise, acknowledge and hand over alarms; imports messages and below."""
