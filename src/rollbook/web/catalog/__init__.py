"""The catalog: what people open instead of asking around, as pages that need nothing but a browser."""
