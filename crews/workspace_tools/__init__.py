"""Tools a workspace brings of its own: declared in `tools/*.yaml`, or installed beside Crewdesk."""
