"""Who asks, and what they may: by the policy's roles and grants, and by the token they bring."""
