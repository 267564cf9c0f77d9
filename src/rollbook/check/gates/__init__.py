"""What a version must meet before it enters a stage. Each gate is one object in one module."""
