"""A run and its steps: orders, views, content to decide on, files, guests."""
