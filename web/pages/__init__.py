"""One module for a page, or for pages that are one thing; what several of them need stands beside."""
