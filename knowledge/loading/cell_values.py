"""What stands in a cell, as a person would write it: `2025-03-01`, `12`, `4.5`, `17.5%`."""

import datetime
import re

_QUOTED = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')
_PERCENT_DIGITS = re.compile(r"\.([0#?]+)\s*%")
# Excel keeps 15 digits; more are the noise of binary fractions.
_DIGITS = 15


def write_value(value: object, number_format: str | None = "") -> str:
    match value:
        case None:
            return ""
        case bool():
            return "TRUE" if value else "FALSE"
        case datetime.datetime():
            return _write_time(value)
        case datetime.date():
            return value.isoformat()
        case datetime.time():
            return value.isoformat("seconds" if value.second else "minutes")
        case datetime.timedelta():
            return _write_duration(value)
        case int() | float():
            return _write_number(value, number_format or "")
    return str(value)


def _write_time(value: datetime.datetime) -> str:
    if value.time() == datetime.time():
        return value.date().isoformat()
    return value.isoformat(" ", "seconds" if value.second else "minutes")


def _write_duration(value: datetime.timedelta) -> str:
    minutes, seconds = divmod(round(value.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}" + (f":{seconds:02d}" if seconds else "")


def _write_number(value: float, number_format: str) -> str:
    if "%" in number_format and "%" in _QUOTED.sub("", number_format):
        digits = _PERCENT_DIGITS.search(number_format)
        return f"{value * 100:.{len(digits[1]) if digits else 0}f}%"
    if isinstance(value, float) and not value.is_integer():
        return f"{value:.{_DIGITS}g}"
    return str(int(value))
