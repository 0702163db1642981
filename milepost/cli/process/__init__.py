"""Verbs on processes: documents, versions, moving runs, imports, insights and forecasts."""
