"""What MLflow's clients register: where the bytes are, which run made them, and which version it becomes."""
