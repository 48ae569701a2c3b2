"""What the models expect of a customer: plain functions of parameters and arrays of numbers."""
