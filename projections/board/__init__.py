"""The board of a project, its tasks and its funnel."""
