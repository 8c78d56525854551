"""Recognise an unknown device from its bytes for the installer; imports drivers, never a simulator."""
