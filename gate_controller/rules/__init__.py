"""Decide whether a claim opens a lane now. Pure; imports only the contract."""
