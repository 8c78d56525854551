"""Gather, build, publish and sign the policy of each gate; imports subjects, never a page."""
