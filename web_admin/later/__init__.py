"""Keep acts of the office that begin later, as they were sent, and what was before one that can be undone.

Imports actions and below.
"""
