"""The forecast: when runs will end, how sure that is, and what would help; pure computation on numbers."""
