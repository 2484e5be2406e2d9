"""The cluster's side: refine a plan, apply exactly what is warranted, watch it, put it back."""
