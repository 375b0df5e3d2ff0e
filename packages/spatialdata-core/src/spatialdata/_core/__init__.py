"""The ground floor: axes, names, and what every element has in common."""
