"""The quantities of a text, and whether a stated one is what another says: the same, in another unit, or
properly rounded.

Units are compared where both sides name one; a bare number may measure anything. A number may be rounded as
far as its last digit reaches, and by no more than a twentieth.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

from crews.grounding.units import (
    CLOCK,
    CURRENCIES,
    ORDINALS,
    PERCENT,
    SCALES,
    SPELLED,
    UNITS,
    one_of,
)

_MOST_ROUNDED = Decimal("0.05")
_SPACE = "[ \u00a0\u202f\u2009]"
_DIGITS = (
    rf"\d{{1,3}}(?:{_SPACE}\d{{3}})+(?:[.,]\d+)?(?!\d)|\d{{1,3}}(?:['’]\d{{3}})+(?:\.\d+)?|\d+(?:[.,]\d+)*"
)
_MONEY = one_of(list(CURRENCIES))
_UNIT = one_of([*UNITS, *CURRENCIES])
_SCALE = one_of(list(SCALES))
_WORD_NUMBER = one_of([*SPELLED, *ORDINALS])
_END = r"(?![^\W\d_])"
_QUANTITY = re.compile(
    rf"(?<![^\W_])(?:(?P<before>{_MONEY}){_SPACE}?)?(?<![\w.,:/])"
    rf"(?P<sign>[-−+](?=\d))?(?:(?P<digits>{_DIGITS})(?P<ordinal>(?:st|nd|rd|th)\b)?|(?P<word>{_WORD_NUMBER})\b)"
    rf"(?:{_SPACE}?(?P<scale>{_SCALE})\.?{_END})?"
    rf"(?:[\s-]?(?P<kind>working|business|calendar)\b)?"
    rf"(?:[\s-]?(?P<unit>{_UNIT}){_END})?",
    re.IGNORECASE,
)
_CLOCK = re.compile(
    r"(?<![\w.,:])(?:(?P<hour>\d{1,2})(?::(?P<minute>\d{2})(?P<rest>:\d{2})?)(?:\s?(?P<half>[ap])\.?m\b\.?)?"
    r"|(?P<hour2>\d{1,2})(?:\.(?P<minute2>\d{2}))?\s?(?P<half2>[ap])\.?m\b\.?)",
    re.IGNORECASE,
)
_RANGE = re.compile(r"^\s*(?:[-–—]|to|and|bis|or)\s*$", re.IGNORECASE)
_NEARLY = re.compile(
    r"(?:about|around|roughly|approximately|approx\.?|circa|ca\.?|some|nearly|almost|close to|just under"
    r"|just over|over|more than|under|less than|at least|etwa|rund|knapp|gut|~|≈)\s*(?:[€$£]|eur|usd)?\s*$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to understand a number: `value` in units as it is written, each `size` of what `measure`
    counts in. `step` is what its last digit counts; `measure` is "" for a bare number."""

    value: Decimal
    step: Decimal
    measure: str = ""
    size: Decimal = Decimal(1)

    @property
    def measured(self) -> "Reading":
        return Reading(self.value * self.size, self.step * self.size, self.measure)


@dataclass(frozen=True, slots=True)
class Quantity:
    text: str
    readings: tuple[Reading, ...]
    start: int
    end: int
    is_hedged: bool = False
    is_spelled: bool = False


def take_quantities(text: str) -> list[Quantity]:
    """In the order in which they are written. Dates, links and codes have to be out of the text already."""
    clocks = [_clock(match) for match in _CLOCK.finditer(text)]
    text = _CLOCK.sub(lambda match: " " * len(match[0]), text)
    found: list[Quantity] = []
    for match in _QUANTITY.finditer(text):
        quantity = _quantity(match, text)
        if found and _RANGE.match(text[found[-1].end : quantity.start]):
            found[-1] = _with_unit_of(found[-1], quantity)
        found.append(quantity)
    return sorted([*clocks, *found], key=lambda item: item.start)


def says(known: Quantity, claimed: Quantity) -> bool:
    """Whether what is known carries what is claimed."""
    return any(_carries(one, other, claimed) for one in known.readings for other in claimed.readings)


def _carries(known: Reading, claimed: Reading, quantity: Quantity) -> bool:
    if known.measure == claimed.measure:
        return _is_near(known.measured, claimed.measured, quantity)
    # A bare number counts what the other says it counts.
    if (not known.measure or not claimed.measure) and _is_near(known, claimed, quantity):
        return True
    # A share may be kept as 0.118 and told as 11.8 %.
    if {known.measure, claimed.measure} == {"", PERCENT}:
        factor = Decimal(100) if claimed.measure == PERCENT else Decimal("0.01")
        return _is_near(Reading(known.value * factor, known.step * factor, PERCENT), claimed, quantity)
    return False


def _is_near(known: Reading, claimed: Reading, quantity: Quantity) -> bool:
    # A fall by 5 % may be kept as -5.
    value = abs(known.value) if claimed.value >= 0 else known.value
    if value == claimed.value:
        return True
    step = _hedged_step(claimed) if quantity.is_hedged else claimed.step
    if claimed.measure == CLOCK or known.step >= step or not claimed.value:
        return False
    off = abs(value - claimed.value)
    if off > step / 2 and not (quantity.is_hedged and off < step):
        return False
    precise = quantity.is_hedged or abs(claimed.value) >= 10 * step
    return precise and off <= _MOST_ROUNDED * abs(claimed.value)


def _hedged_step(reading: Reading) -> Decimal:
    """ "About 1,200" counts in hundreds."""
    step = reading.step
    while reading.value and reading.value % (step * 10) == 0:
        step *= 10
    return step


def _quantity(match: re.Match[str], text: str) -> Quantity:
    plain = _plain_readings(match)
    scale, unit = (match["scale"] or "").lower(), (match["unit"] or "").lower()
    currency = CURRENCIES.get((match["before"] or unit).lower(), "")
    readings: list[Reading] = []
    if currency:
        factor = SCALES.get(scale, Decimal(1))
        readings = [Reading(value * factor, step * factor, currency) for value, step in plain]
    else:
        factor = SCALES.get(scale, Decimal(1))
        measure, size = UNITS.get(unit, ("", Decimal(1)))
        if (match["kind"] or "").lower() in ("working", "business"):
            measure = f"working {measure}"
        readings = [Reading(value * factor, step * factor, measure, size) for value, step in plain]
        # "10 m" may be metres as well.
        if scale in UNITS and not unit:
            readings += [Reading(value, step, *UNITS[scale]) for value, step in plain]
    hedged = _NEARLY.search(text[max(0, match.start() - 24) : match.start()]) is not None
    return Quantity(
        match[0].strip(" .\u00a0"),
        tuple(readings),
        match.start(),
        match.end(),
        hedged,
        match["word"] is not None,
    )


def _plain_readings(match: re.Match[str]) -> list[tuple[Decimal, Decimal]]:
    if match["word"]:
        word = match["word"].lower()
        return [(Decimal(SPELLED.get(word, ORDINALS.get(word, 0))), Decimal(1))]
    sign = -1 if match["sign"] in ("-", "−") else 1
    return [(sign * value, step) for value, step in read_number(match["digits"])]


def read_number(written: str) -> list[tuple[Decimal, Decimal]]:
    """The values a written number may have, each with what its last digit counts. `1.250` has two, `1,250`
    the one English gives it, and what is no number has none."""
    plain = re.sub(rf"{_SPACE}|['’]", "", written)
    if "." in plain and "," in plain:
        thousands, point = (",", ".") if plain.rfind(".") > plain.rfind(",") else (".", ",")
        return _decimal(plain.replace(thousands, "").replace(point, ".")) if plain.count(point) == 1 else []
    if re.fullmatch(r"[1-9]\d{0,2}(?:,\d{3})+", plain) or re.fullmatch(r"[1-9]\d{0,2}(?:\.\d{3}){2,}", plain):
        return _decimal(re.sub("[.,]", "", plain))
    if plain.count(".") + plain.count(",") > 1:
        return []
    readings = _decimal(plain.replace(",", "."))
    if re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", plain):
        readings += _decimal(plain.replace(".", ""))
    return readings


def _decimal(plain: str) -> list[tuple[Decimal, Decimal]]:
    digits = len(plain.partition(".")[2])
    return [(Decimal(plain), Decimal(1).scaleb(-digits))]


def _clock(match: re.Match[str]) -> Quantity:
    hour, minute = int(match["hour"] or match["hour2"]), int(match["minute"] or match["minute2"] or 0)
    half = (match["half"] or match["half2"] or "").lower()
    if match["rest"]:
        # A length of time or a time to the second: it is what it is.
        seconds = Decimal(hour * 3600 + minute * 60 + int(match["rest"][1:]))
        readings = [Reading(seconds, Decimal(1), "clock with seconds")]
    else:
        hours = [hour % 12 + 12 * (half == "p")] if half else [hour] + [hour + 12] * (0 < hour < 12)
        readings = [Reading(Decimal(h * 60 + minute), Decimal(1), CLOCK) for h in hours]
    return Quantity(match[0].strip(" .\u00a0"), tuple(readings), match.start(), match.end())


def _with_unit_of(first: Quantity, second: Quantity) -> Quantity:
    """The first bound of a range such as "10-15 minutes", in the unit of the second."""
    if any(reading.measure for reading in first.readings) or len(second.readings) != 1:
        return first
    [last] = second.readings
    digits = re.search(_DIGITS, second.text)
    plain = read_number(digits[0]) if digits else []
    # "1 to 2 million": the scale is that of both.
    factor = last.value / plain[0][0] if plain and plain[0][0] else Decimal(1)
    readings = [
        Reading(item.value * times, item.step * times, last.measure, last.size)
        for item in first.readings
        for times in dict.fromkeys((abs(factor), Decimal(1)))
    ]
    return Quantity(first.text, tuple(readings), first.start, first.end, first.is_hedged, first.is_spelled)
