"""The registry as MLflow's clients and its server use it: a store of registered models."""
