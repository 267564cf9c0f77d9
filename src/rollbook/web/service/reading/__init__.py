"""What is read over HTTP, and how an answer lets whoever has it ask again for little."""
