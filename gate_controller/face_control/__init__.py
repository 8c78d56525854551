"""Run the face sessions that a lane asks for and delete what the policy no longer allows.

Imports face and storage.
"""
