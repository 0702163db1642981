"""From facts to HTML: templates, the small parts that stand many times, values and controls, pages of refusals."""
