"""What every verb needs: the way to the HTTP interface or the database, and how answers and refusals are said."""
