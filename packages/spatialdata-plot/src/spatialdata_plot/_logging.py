"""How much the package says while it draws."""

from __future__ import annotations

import logging
from enum import IntEnum

__all__ = ["Verbosity", "logger", "set_verbosity"]

logger = logging.getLogger("spatialdata_plot")
logger.addHandler(logging.StreamHandler())
logger.setLevel(logging.WARNING)
logger.propagate = False


class Verbosity(IntEnum):
    """The levels of messages, from the fewest to the most."""

    error = 0
    warning = 1
    info = 2
    debug = 3


_LEVELS = {
    Verbosity.error: logging.ERROR,
    Verbosity.warning: logging.WARNING,
    Verbosity.info: logging.INFO,
    Verbosity.debug: logging.DEBUG,
}


def set_verbosity(level: Verbosity | int | str) -> None:
    """Choose which messages are shown.

    Parameters
    ----------
    level
        A :class:`Verbosity`, its number, or its name in any case. The default is ``"warning"``.

    Raises
    ------
    ValueError
        There is no such level.

    Examples
    --------
    >>> import spatialdata_plot
    >>> spatialdata_plot.set_verbosity("info")
    >>> spatialdata_plot.set_verbosity(spatialdata_plot.Verbosity.warning)
    """
    valid = ", ".join(f"{member.name} ({member.value})" for member in Verbosity)
    try:
        chosen = Verbosity[level.strip().lower()] if isinstance(level, str) else Verbosity(level)
    except (KeyError, ValueError) as error:
        raise ValueError(f"There is no verbosity {level!r}. Valid: {valid}.") from error
    logger.setLevel(_LEVELS[chosen])
