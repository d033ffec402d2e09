"""Compare trainings: held-out tables and figures."""
