"""The tables in reports/: for each CSV file its columns, how it is written and how it is read."""
