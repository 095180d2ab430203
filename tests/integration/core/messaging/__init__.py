"""The event spine on real parts."""
