"""How a run of checks is told: one module per format, all named in `formats.FORMATS`."""
