"""Pure parts of the event spine."""
