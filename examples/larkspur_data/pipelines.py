"""The nightly jobs of the data platform.

Two troubles move along with today, as a demonstration needs them: the quarterly financial reports failed
yesterday, and the stock levels have failed every night since the newest count.
"""

from datetime import date, datetime, time, timedelta

from examples.larkspur_data.days import days_until, stream
from examples.larkspur_data.stock import STALE_DAYS

QUARTERLY = "quarterly_financial_reports"
STOCK = "stock_levels"

# Name: job, when it starts, minutes it takes, rows it writes, the weekday it runs on if not daily.
_PIPELINES = {
    QUARTERLY: ("fin_quarter_close", time(2, 0), 130, 48_000, None),
    "sales_orders": ("sal_orders_load", time(2, 10), 35, 5_600, None),
    "customer_accounts": ("crm_accounts_load", time(2, 20), 18, 160, None),
    "web_sessions": ("web_sessions_load", time(2, 30), 22, 600, None),
    STOCK: ("inv_stock_load", time(2, 40), 40, 12_400, None),
    "support_tickets": ("cc_tickets_load", time(3, 0), 12, 440, None),
    "returns": ("sal_returns_load", time(3, 15), 15, 900, None),
    "daily_dashboards": ("rep_dashboards", time(5, 0), 70, 2_100, None),
    "weekly_trading_report": ("rep_weekly_trading", time(6, 0), 90, 380, 0),
}
_ERRORS = (
    "The source system did not answer within 30 minutes",
    "A column of the source is missing",
    "The disk of the load server was full",
)
_QUARTERLY_ERROR = "Step store_contribution: the ledger export has no rows for three stores"
_STOCK_ERROR = "The stock system refused the connection: its certificate has expired"


def pipeline_rows(today: date) -> list[dict[str, object]]:
    """One for each night and job up to yesterday's, in the order they were due."""
    last = today - timedelta(days=1)
    rows = [row for day in days_until(last) for row in _night(day, today)]
    return sorted(rows, key=lambda row: (str(row["scheduled"]), str(row["pipeline"])))


def _night(day: date, today: date) -> list[dict[str, object]]:
    rng = stream("pipelines", day)
    rows = []
    for name, (job, start, minutes, usual, weekday) in _PIPELINES.items():
        waits, lasts, luck, why, size = rng.random(5)
        if weekday is not None and day.weekday() != weekday:
            continue
        late = luck > 0.97
        error = _live_error(name, day, today) or (
            _ERRORS[int(why * len(_ERRORS))] if luck < _chance_of_failure(name) else None
        )
        scheduled = datetime.combine(day, start)
        started = scheduled + timedelta(seconds=int(waits * 240))
        takes = int(60 * minutes * (0.8 + 0.4 * lasts) * (0.4 if error else 2.4 if late else 1.0))
        rows.append(
            {
                "run_id": f"{name}-{day.isoformat()}",
                "pipeline": name,
                "job": job,
                "scheduled": scheduled.isoformat(),
                "started": started.isoformat(),
                "finished": (started + timedelta(seconds=takes)).isoformat(),
                "duration_seconds": takes,
                "status": "failed" if error else "late" if late else "succeeded",
                "rows_written": 0 if error else int(usual * (0.8 + 0.4 * size)),
                "error": error,
            }
        )
    return rows


def _live_error(name: str, day: date, today: date) -> str | None:
    if name == QUARTERLY and day == today - timedelta(days=1):
        return _QUARTERLY_ERROR
    if name == STOCK and day > today - timedelta(days=STALE_DAYS):
        return _STOCK_ERROR
    return None


def _chance_of_failure(name: str) -> float:
    return 0.012 if name in ("web_sessions", "returns") else 0.004
