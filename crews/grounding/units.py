"""The words that say what a number measures, each brought down to one unit per measure, in English and
German."""

import re
from decimal import Decimal

CURRENCIES = {
    **dict.fromkeys(("€", "eur", "euro", "euros"), "EUR"),
    **dict.fromkeys(("$", "us$", "usd", "dollar", "dollars"), "USD"),
    **dict.fromkeys(("£", "gbp", "pound", "pounds"), "GBP"),
    **dict.fromkeys(("chf", "franken", "francs"), "CHF"),
    **dict.fromkeys(("¥", "jpy", "yen"), "JPY"),
    **dict.fromkeys(("sek", "kronor"), "SEK"),
}
PERCENT, POINTS, CLOCK = "percent", "percentage points", "clock"
_D = Decimal
# Days never become months: how many they are depends on the month.
UNITS: dict[str, tuple[str, Decimal]] = {
    **dict.fromkeys(("second", "seconds", "sec", "secs", "sekunde", "sekunden"), ("time", _D(1))),
    **dict.fromkeys(("minute", "minutes", "min", "mins", "minuten"), ("time", _D(60))),
    **dict.fromkeys(("hour", "hours", "hr", "hrs", "h", "stunde", "stunden"), ("time", _D(3600))),
    **dict.fromkeys(("day", "days", "tag", "tage", "tagen"), ("time", _D(86_400))),
    **dict.fromkeys(("week", "weeks", "woche", "wochen"), ("time", _D(604_800))),
    **dict.fromkeys(("fortnight", "fortnights"), ("time", _D(1_209_600))),
    **dict.fromkeys(("month", "months", "monat", "monate", "monaten"), ("months", _D(1))),
    **dict.fromkeys(("quarter", "quarters", "quartal", "quartale"), ("months", _D(3))),
    **dict.fromkeys(("year", "years", "yr", "yrs", "jahr", "jahre", "jahren"), ("months", _D(12))),
    **dict.fromkeys(("%", "percent", "per cent", "prozent"), (PERCENT, _D(1))),
    **dict.fromkeys(
        (
            "percentage point",
            "percentage points",
            "percent points",
            "%-points",
            "% points",
            "pp",
            "ppt",
            "prozentpunkt",
            "prozentpunkte",
            "prozentpunkten",
        ),
        (POINTS, _D(1)),
    ),
    **dict.fromkeys(("bp", "bps", "basis points"), (POINTS, _D("0.01"))),
    **dict.fromkeys(("g", "gram", "grams"), ("grams", _D(1))),
    **dict.fromkeys(("kg", "kilo", "kilos", "kilogram", "kilograms"), ("grams", _D(1000))),
    **dict.fromkeys(("t", "tonne", "tonnes", "tons"), ("grams", _D(1_000_000))),
    **dict.fromkeys(("km", "kilometre", "kilometres", "kilometer", "kilometers"), ("metres", _D(1000))),
    **dict.fromkeys(("m", "metre", "metres", "meter", "meters"), ("metres", _D(1))),
    **dict.fromkeys(("cm", "centimetres", "centimeters"), ("metres", _D("0.01"))),
    **dict.fromkeys(("mm", "millimetres", "millimeters"), ("metres", _D("0.001"))),
    "km/h": ("km/h", _D(1)),
    **dict.fromkeys(("l", "litre", "litres", "liter", "liters"), ("litres", _D(1))),
    "kb": ("bytes", _D(10**3)),
    "mb": ("bytes", _D(10**6)),
    "gb": ("bytes", _D(10**9)),
    "tb": ("bytes", _D(10**12)),
}
SCALES = {
    **dict.fromkeys(("thousand", "k", "tsd", "tausend"), _D(10**3)),
    **dict.fromkeys(("million", "millions", "m", "mn", "mln", "mio", "millionen"), _D(10**6)),
    **dict.fromkeys(("billion", "billions", "bn", "b", "mrd", "milliarden"), _D(10**9)),
    **dict.fromkeys(("trillion", "trillions", "tn"), _D(10**12)),
}
# fmt: off
_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_GERMAN = (
    "null", "ein", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn", "elf", "zwölf",
)
_ORDINALS = ("third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
# fmt: on
SPELLED: dict[str, int] = {
    **{word: value for value, word in enumerate(_ONES)},
    **{word: 10 * value for value, word in enumerate(_TENS, start=2)},
    **{
        f"{ten}-{one}": 10 * high + low
        for high, ten in enumerate(_TENS, start=2)
        for low, one in enumerate(_ONES[1:10], start=1)
    },
    **{word: value for value, word in enumerate(_GERMAN) if value > 1},
    **{"eine": 1, "einen": 1, "einem": 1, "einer": 1, "dozen": 12, "hundred": 100},
}
ORDINALS: dict[str, int] = {word: value for value, word in enumerate(_ORDINALS, start=3)}


def one_of(words: list[str]) -> str:
    """An alternation of these, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
