"""Payment card numbers: the issuers' prefixes and lengths (ISO/IEC 7812), and the Luhn check digit."""

import re
from collections.abc import Iterator

from knowledge.pii.port import PiiKind, PiiSpan
from knowledge.pii.surroundings import is_named_otherwise, is_near

_CANDIDATE = re.compile(r"(?<![\w.,+-])\d(?:[ \u00a0-]?\d){11,18}(?![\w-]|[.,]\d)")
_GROUPS = re.compile(
    r"\d{12,19}|\d{4}(?:[ \u00a0-]\d{4}){2,3}(?:[ \u00a0-]\d{1,4})?|\d{4}[ \u00a0-]\d{6}[ \u00a0-]\d{4,5}"
)
_ISSUER = re.compile(
    r"""
    4(?:\d{12}|\d{15}|\d{18})                       # Visa
    | 5[1-5]\d{14} | 2(?:2[2-9]|[3-6]\d|7[01])\d{13} | 2720\d{12}   # Mastercard
    | 3[47]\d{13}                                   # American Express
    | 3(?:0\d|[689]\d)\d{11,16}                     # Diners Club
    | 35\d{14,17} | (?:2131|1800)\d{11}             # JCB
    | 6\d{15,18}                                    # Discover, UnionPay
    | (?:5[06-9]|6\d)\d{10,17}                      # Maestro
    """,
    re.VERBOSE,
)
_CUE = re.compile(r"card|visa|amex|maestro|(?:credit|debit)\b(?! note)|\bcc\b", re.IGNORECASE)
# A thirteen-digit article number begins like some cards, and one in ten passes the check.
_BARCODE_DIGITS = 13


def find_card_numbers(text: str) -> Iterator[PiiSpan]:
    for match in _CANDIDATE.finditer(text):
        if not _GROUPS.fullmatch(match[0]):
            continue
        digits = re.sub(r"\D", "", match[0])
        genuine = _ISSUER.fullmatch(digits) is not None and passes_luhn(digits)
        named = is_named_otherwise(text, match.start())
        if genuine and (len(digits) > _BARCODE_DIGITS or (is_near(_CUE, text, *match.span()) and not named)):
            yield PiiSpan(PiiKind.CREDIT_CARD, match.start(), match.end(), 1.0)
        elif len(digits) >= _BARCODE_DIGITS and is_near(_CUE, text, *match.span(), after=0) and not named:
            # Mistyped, or of an issuer we do not know.
            yield PiiSpan(PiiKind.CREDIT_CARD, match.start(), match.end(), 0.7)


def passes_luhn(digits: str) -> bool:
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(int(digit) for digit in digits[-1::-2]) + sum(doubled)) % 10 == 0
