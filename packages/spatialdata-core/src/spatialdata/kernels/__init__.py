"""Compiled loops over arrays. Import a kernel only where it is used: the first import loads the compiler."""
