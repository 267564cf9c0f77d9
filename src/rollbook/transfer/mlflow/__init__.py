"""Taking over a registry that MLflow keeps, and what MLflow's words mean here."""
