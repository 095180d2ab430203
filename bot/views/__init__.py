"""Views: what the desk shows, built once as a small neutral card and drawn by each surface in its own way."""
