"""From what was asked for to what is drawn: values, colors, places and levels."""
