"""Production watched: what sources say of the versions that serve, held against what the policy asks.

Data flows one way: source → figures → check → outcome → standing (damped) → episode → what is done about it.
"""
