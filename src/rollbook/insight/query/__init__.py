"""SQL over a registry: documented views, queries that can only read, and the same as Parquet files."""
