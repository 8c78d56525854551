"""Simulate devices with real bytes over real ptys; imports drivers and lines."""
