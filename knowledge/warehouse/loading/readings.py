"""How one raw text may be read as a value of a column's type: as expressions of DuckDB over the text `t`,
tried in order, of which each gives no value where it does not fit."""

from dataclasses import dataclass
from enum import StrEnum

from knowledge.warehouse.loading.source import literal
from knowledge.warehouse.spec import Column, ColumnType

DECIMAL_PLACES = 4
SQL_TYPES = {
    ColumnType.STRING: "VARCHAR",
    ColumnType.INTEGER: "BIGINT",
    ColumnType.DECIMAL: f"DECIMAL(18,{DECIMAL_PLACES})",
    ColumnType.FLOAT: "DOUBLE",
    ColumnType.BOOLEAN: "BOOLEAN",
    ColumnType.DATE: "DATE",
    ColumnType.TIMESTAMP: "TIMESTAMP",
}
_TRUE, _FALSE = ("true", "yes", "y", "1"), ("false", "no", "n", "0")
_DAY = r"\d{4}-\d{2}-\d{2}"
_TIME = r"\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?"
_OFFSET = r"(Z|[+-]\d{2}(:?\d{2})?)"
# What stands between groups of three digits, besides a comma or a point.
_BLANKS = ("[ \u00a0\u202f]", "['\u2019]")


class DecimalSign(StrEnum):
    """What the texts of a column themselves tell of their decimal sign. `unknown`: none of them can be read
    in one way only."""

    POINT = "point"
    COMMA = "comma"
    MIXED = "mixed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Reading:
    """`rule` is what its uses are counted under; None for what needs no telling."""

    sql: str
    rule: str | None = None


def readings_of_text(column: Column, sign: DecimalSign, t: str) -> list[Reading]:
    match column.type:
        case ColumnType.STRING:
            return [Reading(t)]
        case ColumnType.BOOLEAN:
            return [_boolean(t)]
        case ColumnType.DATE | ColumnType.TIMESTAMP:
            return _dates(column, t)
        case ColumnType.INTEGER:
            return _integers(t)
        case ColumnType.DECIMAL | ColumnType.FLOAT:
            return _decimals(SQL_TYPES[column.type], sign, t)


def readings_of_value(column: Column, raw_type: str, t: str) -> list[Reading] | None:
    """Of a value that is no text already; None if it has to be read from its text."""
    number = raw_type.startswith(("DECIMAL", "DOUBLE", "FLOAT")) or raw_type.removeprefix("U") in (
        "TINYINT",
        "SMALLINT",
        "INTEGER",
        "BIGINT",
        "HUGEINT",
    )
    moment = raw_type == "DATE" or raw_type.startswith("TIMESTAMP")
    match column.type:
        case ColumnType.INTEGER if number:
            return [Reading(f"CASE WHEN {t} = round({t}, 0) THEN try_cast({t} AS BIGINT) END")]
        case ColumnType.DECIMAL if number:
            return [Reading(f"try_cast({t} AS {SQL_TYPES[ColumnType.DECIMAL]})")]
        case ColumnType.FLOAT if number:
            return [Reading(f"CASE WHEN isfinite(try_cast({t} AS DOUBLE)) THEN try_cast({t} AS DOUBLE) END")]
        case ColumnType.DATE | ColumnType.TIMESTAMP if moment:
            return [Reading(f"try_cast({t} AS {SQL_TYPES[column.type]})")]
        case ColumnType.BOOLEAN if raw_type == "BOOLEAN":
            return [Reading(t)]
    return None


def comma_evidence(t: str) -> str:
    """True for a number that can only have a comma for its decimal sign."""
    return _matches(t, _evidence(",", r"\."))


def point_evidence(t: str) -> str:
    return _matches(t, _evidence(r"\.", ","))


def rounds(raw: str, raw_type: str) -> str:
    """True for a raw value that has more places than a decimal keeps."""
    if raw_type == "VARCHAR":
        return f"regexp_matches(trim({raw}), '[.,]\\d{{{DECIMAL_PLACES}}}\\d*[1-9]\\d*$')"
    # What a double cannot say exactly is no place that somebody wrote.
    return f"abs({raw} - round({raw}, {DECIMAL_PLACES})) > 1e-9"


def date_pattern_words(column: Column) -> str:
    return " or ".join([*column.conform.dates, "YYYY-MM-DD"])


def _evidence(sign: str, group: str) -> str:
    """Digits after the sign that make no group of three, before it that do not either, or both signs."""
    blanks = "|".join(rf"\d{{1,3}}({blank}\d{{3}})+" for blank in _BLANKS)
    return (
        rf"[+-]?((\d*|\d{{1,3}}({group}\d{{3}})+|{blanks}){sign}(\d{{1,2}}|\d{{4,}})"
        rf"|(0\d*|\d{{4,}}){sign}\d{{3}}|(\d{{1,3}}({group}\d{{3}})+|{blanks}){sign}\d{{3}}"
        rf"|\d{{1,3}}({group}\d{{3}}){{2,}})"
    )


def _boolean(t: str) -> Reading:
    yes, no = (", ".join(map(literal, words)) for words in (_TRUE, _FALSE))
    return Reading(f"CASE WHEN lower({t}) IN ({yes}) THEN true WHEN lower({t}) IN ({no}) THEN false END")


def _integers(t: str) -> list[Reading]:
    groups = "|".join(rf"({mark}\d{{3}})+" for mark in (",", *_BLANKS))
    digits = f"regexp_replace({t}, '[^0-9-]', '', 'g')"
    plain = _made_of(t, "-0123456789")
    whole = _when(t, r"[+-]?\d+(\.0+)?", f"try_cast(split_part({t}, '.', 1) AS BIGINT)")
    grouped = _when(t, rf"[+-]?\d{{1,3}}({groups})", f"try_cast({digits} AS BIGINT)")
    return [
        Reading(f"CASE WHEN {plain} THEN try_cast({t} AS BIGINT) ELSE {whole} END"),
        Reading(f"CASE WHEN NOT {plain} THEN {grouped} END", "thousands_removed"),
    ]


def _decimals(kind: str, sign: DecimalSign, t: str) -> list[Reading]:
    point = f"try_cast({_only(t, '0-9.')} AS {kind})"
    comma = f"try_cast(replace({_only(t, '0-9,')}, ',', '.') AS {kind})"
    in_doubt = sign in (DecimalSign.COMMA, DecimalSign.MIXED)
    plain = _made_of(t, "-0123456789" if in_doubt else "-0123456789.")
    signed = r"\+\d+" if in_doubt else r"\+(\d+\.?\d*|\.\d+)"
    others = [Reading(_when(t, signed, f"try_cast({t} AS {kind})"))]
    if sign is DecimalSign.POINT:
        others.append(Reading(_when(t, _grouped(",", r"\."), point), "thousands_removed"))
    elif sign is DecimalSign.COMMA:
        others.append(Reading(_when(t, r"[+-]?(\d+,\d*|,\d+)", comma), "decimal_comma"))
        others.append(Reading(_when(t, _grouped(r"\.", ","), comma), "thousands_removed"))
    elif sign is DecimalSign.MIXED:
        others.append(Reading(f"CASE WHEN {point_evidence(t)} THEN {point} END", "decimal_point"))
        others.append(Reading(f"CASE WHEN {comma_evidence(t)} THEN {comma} END", "decimal_comma"))
    blanks = "|".join(rf"({mark}\d{{3}})+" for mark in _BLANKS)
    others.append(Reading(_when(t, rf"[+-]?\d{{1,3}}({blanks})", point), "thousands_removed"))
    if kind == "DOUBLE":
        others.append(Reading(_when(t, r"[+-]?(\d+\.?\d*|\.\d+)[eE][+-]?\d+", f"try_cast({t} AS DOUBLE)")))
    # Patterns cost ten times what a plain number does, and most numbers are plain.
    return [
        Reading(f"CASE WHEN {plain} THEN try_cast({t} AS {kind}) END"),
        *(Reading(f"CASE WHEN NOT {plain} THEN {other.sql} END", other.rule) for other in others),
    ]


def _grouped(group: str, sign: str) -> str:
    groups = "|".join(rf"({mark}\d{{3}})+" for mark in (group, *_BLANKS))
    return rf"[+-]?\d{{1,3}}({groups})({sign}\d*)?"


def _dates(column: Column, t: str) -> list[Reading]:
    kind = SQL_TYPES[column.type]
    readings = []
    for pattern in column.conform.dates:
        # `%Y` takes 26 for the year 26; nobody means that.
        moment = f"try_strptime({t}, {literal(pattern)})"
        readings.append(
            Reading(
                f"CASE WHEN year({moment}) >= 1000 THEN {moment}::TIMESTAMP::{kind} END",
                f"dates_by_format:{pattern}",
            )
        )
    if column.type is ColumnType.DATE:
        # The day as it is written, whatever the zone.
        written = f"try_cast(left({t}, 10) AS DATE)"
        iso = _when(t, rf"{_DAY}([T ]{_TIME}{_OFFSET}?)?", written)
        iso = f"CASE WHEN length({t}) = 10 THEN {_when(t, _DAY, written)} ELSE {iso} END"
        readings.append(Reading(iso, "dates_by_format:iso"))
        return readings
    plain = rf"{_DAY}([T ]{_TIME})?"
    zoned = f"try_cast({t} AS TIMESTAMPTZ)::TIMESTAMP"
    readings.append(Reading(_when(t, plain, f"try_cast({t} AS TIMESTAMP)"), "dates_by_format:iso"))
    readings.append(
        Reading(_when(t, rf"{_DAY}[T ]{_TIME} ?{_OFFSET}", zoned), "dates_by_format:iso_with_zone")
    )
    return readings


def _only(t: str, kept: str) -> str:
    return f"regexp_replace({t}, '[^{kept}-]', '', 'g')"


def _made_of(t: str, characters: str) -> str:
    return f"ltrim({t}, {literal(characters)}) = ''"


def _matches(t: str, pattern: str) -> str:
    return f"regexp_full_match({t}, {literal(pattern)})"


def _when(t: str, pattern: str, value: str) -> str:
    return f"CASE WHEN {_matches(t, pattern)} THEN {value} END"
