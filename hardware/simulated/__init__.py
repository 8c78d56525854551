"""Twins of the devices that replace only the metal: real bytes over real ptys."""
