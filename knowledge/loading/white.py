"""What counts as white in Office files: text in it is hidden where nothing can give it a darker ground."""

import re

_NEAR_WHITE = 245


def is_near_white(color: str) -> bool:
    """Of six hexadecimal digits, red, green and blue; anything else is no white."""
    if not re.fullmatch("[0-9A-Fa-f]{6}", color):
        return False
    return min(bytes.fromhex(color)) >= _NEAR_WHITE
