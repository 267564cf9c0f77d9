"""Pictures made as SVG when a page is: lineage, metrics, signs of stages."""
