"""What is asked of figures. Each kind of check is one module, whose `CHECK` is listed in `check_kinds`."""
