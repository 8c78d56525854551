"""Find, enrol, match and forget faces on request, inside this gate only.

Imports the contract, storage and cameras.
"""
