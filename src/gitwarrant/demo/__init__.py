"""The main job, shown: a signed change is deployed, a stolen account is refused."""
