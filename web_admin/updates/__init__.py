"""Bring the gates to another version: one first, then a tenth, then all. Imports actions and below."""
