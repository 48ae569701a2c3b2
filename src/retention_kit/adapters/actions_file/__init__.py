"""Actions as files in a folder, for whatever picks them up."""
