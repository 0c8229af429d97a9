"""Numbers as PostgreSQL writes them."""

import math
import struct
from decimal import Decimal
from typing import Any

NUMERIC = (int, Decimal, float)

_EXACT = 2.0**53
"""From here on two floats lie more than 1 apart."""


class Real(float):
    """A float of four bytes. Its shortest text is not that of the float of eight bytes that equals it."""

    text: str

    def __new__(cls, text: str) -> "Real":
        """From PostgreSQL's text."""
        made = super().__new__(cls, struct.unpack("f", struct.pack("f", float(text)))[0])
        made.text = text
        return made


def number_text(value: Any) -> str:
    """An int, Decimal or float. Raises TypeError for anything else."""
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, float):
        return value.text if isinstance(value, Real) else float_text(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(int(value))
    raise TypeError(f"A {type(value).__name__} is no number.")


def decimal_text(value: Decimal) -> str:
    """All digits, never an exponent, and no negative zero."""
    if not value:
        value = abs(value)
    if value.is_nan():
        return "NaN"
    written = str(value)
    return format(value, "f") if "E" in written else written


def float_text(value: float) -> str:
    """The shortest text that gives ``value`` back.

    Python and PostgreSQL agree but for three things: names, the size from which there is an exponent, and texts that
    lie exactly between two floats, which Python trusts readers to round and PostgreSQL does not.
    """
    size = abs(value)
    if not size < math.inf:
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    written = repr(value)
    if size >= _EXACT and _between(size, written.lstrip("-")):
        written = _longer(value)
    if not 1e15 <= size < 1e16 or "e" in written:
        return written.removesuffix(".0")
    sign = "-" if value < 0 else ""
    digits = written.lstrip("-").removesuffix(".0").replace(".", "").rstrip("0")
    return f"{sign}{digits[0]}{'.' if digits[1:] else ''}{digits[1:]}e+15"


def _between(size: float, written: str) -> bool:
    """True when ``written`` lies exactly between ``size`` and a neighbour: only large whole numbers can."""
    double, own = 2 * int(Decimal(written)), int(size)
    below, above = math.nextafter(size, 0), math.nextafter(size, math.inf)
    return double == own + int(below) or (above < math.inf and double == own + int(above))


def _longer(value: float) -> str:
    """With as many digits as it takes to lie closer to ``value`` than to a neighbour. 17 always do."""
    for decimals in range(17):
        written = f"{value:.{decimals}e}"
        if float(written) == value and not _between(abs(value), written.lstrip("-")):
            break
    mantissa, exponent = written.split("e")
    return f"{mantissa.rstrip('0').rstrip('.') if '.' in mantissa else mantissa}e{exponent}"
