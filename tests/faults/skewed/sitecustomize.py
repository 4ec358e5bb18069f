"""On PYTHONPATH this makes a Python whose clock is wrong by FIRSTREAD_SKEW_S seconds. Its monotonic clock stays."""

import datetime as dates
import os
import time

SKEW_S = float(os.environ.get("FIRSTREAD_SKEW_S", "0"))
_time, _time_ns, _real = time.time, time.time_ns, dates.datetime


class _LikeReal(type):
    def __instancecheck__(cls, each):
        return isinstance(each, _real)


class datetime(_real, metaclass=_LikeReal):  # noqa: N801
    """Gives real datetimes: nobody who gets one sees a difference but the hour."""

    @classmethod
    def now(cls, tz=None):
        return _real.now(tz) + dates.timedelta(seconds=SKEW_S)

    @classmethod
    def utcnow(cls):
        return _real.now(dates.UTC).replace(tzinfo=None) + dates.timedelta(seconds=SKEW_S)


if SKEW_S:
    time.time = lambda: _time() + SKEW_S
    time.time_ns = lambda: _time_ns() + int(SKEW_S * 1e9)
    dates.datetime = datetime
