"""The decoder of score tokens: network, sampling, constraints, ranking."""
