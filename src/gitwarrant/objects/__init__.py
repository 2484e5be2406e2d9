"""What is known about Kubernetes objects without a cluster."""
