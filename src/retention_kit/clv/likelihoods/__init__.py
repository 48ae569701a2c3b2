"""Log-likelihoods of the models and their gradients, on arrays; nothing here knows a table."""
