"""The texts of our mails, one file for each kind and language; `$name` stands for a value."""
