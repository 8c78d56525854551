"""Simulate devices at the metal only: real bytes over real ptys."""
