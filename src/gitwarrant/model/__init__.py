"""The words of gitwarrant as frozen values. Imports nothing of ours but itself."""
