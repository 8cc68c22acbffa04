"""Where rows and blobs live: tables, the one writer, queries, migrations. The only room that knows SQLAlchemy."""
