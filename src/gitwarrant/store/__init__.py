"""What is kept on this machine: databases that migrate forward, and content under its hash."""
