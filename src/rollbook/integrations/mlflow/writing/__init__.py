"""What MLflow's clients write: each call a change of main, landed or requested, alone or in a batch."""
