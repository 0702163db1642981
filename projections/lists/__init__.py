"""Cards and works in any order: lists, timeline, calendar, search, saved views."""
