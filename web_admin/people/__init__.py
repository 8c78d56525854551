"""Keep homes, persons, invitations, household members, helpers, moves and print runs.

Imports visitors and below.
"""
