"""What authors of adapters test them with: checks chosen by what an adapter declares it can do."""
