"""Speak with contactless cards that prove themselves: APDUs in, a proven key or a tag's message out.

Pure: time and chance are arguments, and a card is whatever exchanges APDUs. Imports only the errors.
"""
