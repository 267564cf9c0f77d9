"""What makes a proposal: registering, moving between stages, approving, adding what is learnt later."""
