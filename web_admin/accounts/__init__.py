"""Decide who may sign in and do what: staff, residents' accounts, passkeys, API keys, roles.

Imports actions and below.
"""
