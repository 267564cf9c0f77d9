"""What MLflow's clients read: models and versions in MLflow's terms, found, ordered and paged."""
