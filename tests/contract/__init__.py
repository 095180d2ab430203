"""One suite for each protocol; every implementation passes it."""
