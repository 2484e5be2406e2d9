"""The checks that come with gitwarrant, one class in one file."""
