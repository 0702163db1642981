"""The pages: their templates on made-up answers, their forms, and a real browser on the real application."""
