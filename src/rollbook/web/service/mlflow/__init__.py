"""What MLflow's clients read, under MLflow's own paths."""
