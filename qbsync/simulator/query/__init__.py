"""The query language: `grammar` reads a query, `select` answers it."""
