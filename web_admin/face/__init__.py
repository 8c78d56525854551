"""Keep consent to face: notices, yes, no and withdrawal, guardians, assessment, every ending.

Imports custody and below.
"""
