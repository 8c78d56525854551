"""Open serial, Modbus and GPIO lines and frame what arrives on them.

Imports only the seam and its errors.
"""
