"""Look after cells on several machines: list, check, create, back up, restore, move, retire, upgrade.

A thin layer: an inventory names machines, Ansible signs in to them by ssh and calls `menjin web` there, which
does the work. Nothing runs on a machine for the fleet. Of this project it imports only the gate's contract.
"""
