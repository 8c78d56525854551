"""Show a company how its compounds are, in counts and ages; know no person and change nothing there.

A program of its own, without tables or keys of a compound: it asks each of them by an API key whose scope
reads counts alone. Of this project it imports only the gate's contract.
"""
