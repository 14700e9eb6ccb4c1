"""Processes killed, messages lost and doubled: what was promised must hold all the same."""
