"""amoCRM (Kommo abroad): leads, contacts, buyers and purchases as tables; deals, tasks and more."""
