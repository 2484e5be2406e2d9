"""Who wrote a change, who accepted it, and the warrant that follows: pure functions over bytes."""
