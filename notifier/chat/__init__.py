"""Chat out: whose cards are redrawn when a ticket changes, and the sender of the delivery queue."""
