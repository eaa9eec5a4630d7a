"""How a sum is added to the scores: the clauses that every statement that writes scores is put together from.

Whoever writes several rows sorts them by `day, collaborator_id, team_id, mission_id`, so that two transactions that
write the same people take the row locks in the same order.
"""

INTO_SCORES = """
    INSERT INTO missions_score AS score (tenant_id, day, collaborator_id, team_id, mission_id, points, completions)
"""

ADDED = """
    ON CONFLICT (tenant_id, day, collaborator_id, team_id, mission_id) DO UPDATE
    SET points = score.points + excluded.points, completions = score.completions + excluded.completions
"""
