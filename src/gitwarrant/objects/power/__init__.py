"""RBAC as power: who may do what by these objects, what follows from it, and what a change adds."""
