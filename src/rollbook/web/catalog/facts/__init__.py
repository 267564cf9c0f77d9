"""What pages tell: facts of models and versions, found once for all pages that tell them."""
