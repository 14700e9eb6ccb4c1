"""E-mail addresses, also of top-level domains no registry knows, such as a company's own `.internal`."""

import re
from collections.abc import Iterator

from knowledge.pii.port import PiiKind, PiiSpan

# Looked for from the @ on, and then backwards: searching for the part before it first would look at each
# character of a long text 64 times.
_DOMAIN = re.compile(r"@(?:[\w-]{1,63}\.){1,8}(?:[^\W\d_]{2,63}|xn--[\w-]{1,59})(?![\w@])")
_LOCAL_PART = re.compile(r"[\w!#$%&'*+/=?^`{|}~.-]{1,64}$")
_NOT_AT_THE_START = ".'`/=?{|}*-"


def find_email_addresses(text: str) -> Iterator[PiiSpan]:
    for domain in _DOMAIN.finditer(text):
        before = _LOCAL_PART.search(text, max(0, domain.start() - 64), domain.start())
        if before is None:
            continue
        local = before[0].lstrip(_NOT_AT_THE_START)
        if local:
            yield PiiSpan(PiiKind.EMAIL, domain.start() - len(local), domain.end(), 1.0)
