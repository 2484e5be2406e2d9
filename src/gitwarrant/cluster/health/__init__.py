"""Whether live objects do what they are for, with reasons a person understands."""
