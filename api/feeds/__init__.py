"""What goes on: events, histories, calendars, health."""
