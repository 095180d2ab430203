"""The command specification, and all that is derived from it: parsing, help, forms, command lists."""
