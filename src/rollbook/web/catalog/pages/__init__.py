"""Each page: where it stands, and what makes its HTML of facts."""
