"""`milepost up`: engines, API and worker as one thing, what they need, and how the first person comes in."""
