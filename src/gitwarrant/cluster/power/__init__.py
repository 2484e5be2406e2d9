"""The power that deploying one environment takes: what is called, why, and Roles that allow it."""
