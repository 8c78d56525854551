"""Speak OSDP with readers; imports only lines, readers and the interfaces."""
