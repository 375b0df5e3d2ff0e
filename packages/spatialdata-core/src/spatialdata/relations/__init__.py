"""Relations: which rows of tables belong to which instances of elements."""
