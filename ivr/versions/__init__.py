"""The versions of a flow: kept in the database, checked, published, rolled back."""
