"""Files of many formats, read into the same few typed blocks.

A file that cannot be read costs itself only: it comes back as a status and a reason, never as an exception.
"""
