"""What runs the product: supervisor, logs, metrics."""
