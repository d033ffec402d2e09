"""Tables, plots and the page of an evaluation."""
