"""Kubernetes knowledge that needs no cluster."""
