"""Where figures come from. Each kind of source is one module, whose `SOURCE` is listed in `source_kinds`."""
