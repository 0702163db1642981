"""How events become rows: one engine for live and rebuild, which knows no read model."""
