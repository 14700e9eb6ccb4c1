"""Servers on loopback that stand in for the outside services no test machine reaches.

Each speaks the real service's protocol over a real socket, refuses what the real service refuses, keeps what
it was sent, and can be told to fail in the service's own ways.
"""
