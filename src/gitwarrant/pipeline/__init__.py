"""The stages composed: fetch, verify, render, check, plan, authorise, apply, observe.

Every surface (commands, agent, demo) calls this package and nothing below it
to decide or to write: there is no second entry point that could forget a gate.
"""
