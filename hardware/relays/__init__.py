"""Pulse locks through relay boards; imports only lines and the interfaces."""
