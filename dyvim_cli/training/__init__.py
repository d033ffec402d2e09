"""Train the shipped weights, or others: data, learners, tasks and figures."""
