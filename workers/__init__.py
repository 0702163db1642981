"""What happens after an event was stored: relay to the broker, read models applied, health told."""
