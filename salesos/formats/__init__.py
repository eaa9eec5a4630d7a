"""How each language writes a day and a moment, where Django's own way is too long for a table or ambiguous."""
