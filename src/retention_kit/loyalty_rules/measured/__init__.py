"""How a programme that runs is used: who takes part, who redeems, and how members compare."""
