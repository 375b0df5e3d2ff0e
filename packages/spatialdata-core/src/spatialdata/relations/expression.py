"""Expressions over the columns of a table: ``col("area") > 50``."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Expression", "StringExpression", "col"]


class Expression:
    """Something that can be computed from the columns of a table, row by row.

    Comparisons, arithmetic and ``&``, ``|``, ``~`` make new expressions. Nothing is computed before the expression is
    used to filter. Like in pandas, a comparison with a missing value is false.

    Parameters
    ----------
    evaluate
        Computes the values from a frame.
    columns
        The columns that are needed.
    text
        How the expression is written.
    """

    def __init__(self, evaluate: Callable[[pd.DataFrame], Any], columns: frozenset[str], text: str) -> None:
        self._evaluate = evaluate
        self.columns = columns
        self._text = text

    def __call__(self, frame: pd.DataFrame) -> Any:
        """Compute the values for the rows of a frame."""
        return self._evaluate(frame)

    def __repr__(self) -> str:
        return self._text

    def __bool__(self) -> bool:
        raise TypeError(
            f"The expression {self._text} has no truth value before it is applied to a table. Combine expressions with "
            "&, | and ~ instead of and, or and not, each in parentheses."
        )

    __hash__ = None  # type: ignore[assignment]

    def _with(self, other: Any, function: Callable[[Any, Any], Any], sign: str, *, swap: bool = False) -> Expression:
        columns = self.columns | (other.columns if isinstance(other, Expression) else frozenset())

        def evaluate(frame: pd.DataFrame) -> Any:
            pair = [self(frame), other(frame) if isinstance(other, Expression) else other]
            return function(*(reversed(pair) if swap else pair))

        sides = [repr(self), repr(other)]
        left, right = reversed(sides) if swap else sides
        return Expression(evaluate, columns, f"({left} {sign} {right})")

    def __eq__(self, other: object) -> Expression:  # type: ignore[override]
        return self._with(other, operator.eq, "==")

    def __ne__(self, other: object) -> Expression:  # type: ignore[override]
        return self._with(other, operator.ne, "!=")

    def __lt__(self, other: Any) -> Expression:
        return self._with(other, operator.lt, "<")

    def __le__(self, other: Any) -> Expression:
        return self._with(other, operator.le, "<=")

    def __gt__(self, other: Any) -> Expression:
        return self._with(other, operator.gt, ">")

    def __ge__(self, other: Any) -> Expression:
        return self._with(other, operator.ge, ">=")

    def __and__(self, other: Any) -> Expression:
        return self._with(other, operator.and_, "&")

    def __or__(self, other: Any) -> Expression:
        return self._with(other, operator.or_, "|")

    def __invert__(self) -> Expression:
        return Expression(lambda frame: ~self(frame), self.columns, f"~{self._text}")

    def __add__(self, other: Any) -> Expression:
        return self._with(other, operator.add, "+")

    def __radd__(self, other: Any) -> Expression:
        return self._with(other, operator.add, "+", swap=True)

    def __sub__(self, other: Any) -> Expression:
        return self._with(other, operator.sub, "-")

    def __rsub__(self, other: Any) -> Expression:
        return self._with(other, operator.sub, "-", swap=True)

    def __mul__(self, other: Any) -> Expression:
        return self._with(other, operator.mul, "*")

    def __rmul__(self, other: Any) -> Expression:
        return self._with(other, operator.mul, "*", swap=True)

    def __truediv__(self, other: Any) -> Expression:
        return self._with(other, operator.truediv, "/")

    def __rtruediv__(self, other: Any) -> Expression:
        return self._with(other, operator.truediv, "/", swap=True)

    def _then(self, function: Callable[[Any], Any], text: str) -> Expression:
        return Expression(lambda frame: function(self(frame)), self.columns, f"{self._text}.{text}")

    def is_in(self, values: Iterable[Any]) -> Expression:
        """Whether the value is one of several."""
        chosen = list(values)
        return self._then(lambda column: column.isin(chosen), f"is_in({chosen!r})")

    def is_between(self, lower: Any, upper: Any) -> Expression:
        """Whether the value lies between two bounds, the bounds included."""
        return self._then(lambda column: column.between(lower, upper), f"is_between({lower!r}, {upper!r})")

    def is_null(self) -> Expression:
        """Whether the value is missing."""
        return self._then(lambda column: column.isna(), "is_null()")

    def abs(self) -> Expression:
        """The absolute value."""
        return self._then(lambda column: column.abs(), "abs()")

    @property
    def str(self) -> StringExpression:
        """Tests of text."""
        return StringExpression(self)


class StringExpression:
    """Tests of text; missing values fail them.

    Parameters
    ----------
    expression
        The text.
    """

    def __init__(self, expression: Expression) -> None:
        self._expression = expression

    def _test(self, function: Callable[[Any], Any], text: str) -> Expression:
        return self._expression._then(lambda column: function(column.astype("string")).fillna(False).astype(bool), text)  # noqa: SLF001

    def starts_with(self, prefix: str) -> Expression:
        """Whether the text begins with another one."""
        return self._test(lambda column: column.str.startswith(prefix), f"str.starts_with({prefix!r})")

    def ends_with(self, suffix: str) -> Expression:
        """Whether the text ends with another one."""
        return self._test(lambda column: column.str.endswith(suffix), f"str.ends_with({suffix!r})")

    def contains(self, pattern: str, *, literal: bool = False) -> Expression:
        """Whether the text contains a match of a regular expression, or with ``literal=True`` exactly that text."""
        return self._test(
            lambda column: column.str.contains(pattern, regex=not literal),
            f"str.contains({pattern!r}, literal={literal})",
        )


def col(name: str) -> Expression:
    """The values of a column, to build an expression with.

    Parameters
    ----------
    name
        A column of ``obs`` or ``var``, a name of ``var`` for values of ``X``, or ``"obs_names"`` and ``"var_names"``
        for expressions over names.

    Examples
    --------
    >>> (col("area") > 50) & col("cell_type").is_in(["B", "T"])
    ((col('area') > 50) & col('cell_type').is_in(['B', 'T']))
    """
    return Expression(lambda frame: frame[name], frozenset([name]), f"col({name!r})")
