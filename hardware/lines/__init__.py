"""Open serial, Modbus and GPIO lines and frame what arrives on them.

Imports only the interfaces and their errors.
"""
