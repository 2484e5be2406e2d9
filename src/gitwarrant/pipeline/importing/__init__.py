"""Coming from Flux or Argo CD: what they deploy as environments of ours, shown to be the same, taken over."""
