"""Names of files and columns of instruments, where packages that build on this one look for them."""
