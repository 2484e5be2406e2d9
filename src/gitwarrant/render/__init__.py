"""From the files of one tree to the Kubernetes objects they declare."""
