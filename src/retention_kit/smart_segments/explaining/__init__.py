"""Why a customer is in a segment, or is not: every condition with its facts and what was asked."""
