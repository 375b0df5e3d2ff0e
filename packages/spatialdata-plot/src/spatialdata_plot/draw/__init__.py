"""Artists: what matplotlib draws."""
