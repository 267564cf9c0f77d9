"""The forge that a registry's pull requests live on: who approved, what is told there, what is released."""
