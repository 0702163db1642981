"""The pages of the browser: server-rendered HTML, one stylesheet, a few small modules of script."""
