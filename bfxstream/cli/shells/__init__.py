"""Completion scripts for shells, made from the commands; no shell starts Python to complete."""
