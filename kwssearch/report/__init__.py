"""What people look at: rows, tables, plots, pages."""
