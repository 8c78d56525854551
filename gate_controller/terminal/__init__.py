"""Show the controller's view on the gate's own screen and report what a person does there.

Imports only the contract.
"""
