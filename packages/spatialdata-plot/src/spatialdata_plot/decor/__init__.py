"""What stands beside the data: legends, colorbars, scale bars, titles and axes."""
