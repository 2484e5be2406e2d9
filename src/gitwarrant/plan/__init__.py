"""What a change would do, judged from manifests and the previous warrant, without a cluster."""
