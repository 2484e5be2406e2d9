"""The one YAML reader: Kubernetes' scalars exactly, duplicate keys refused, budgets, positions."""
