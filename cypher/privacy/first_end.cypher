// When the first mute that has an end is over. No row: none has.
MATCH (:User)-[mute:MUTES]->(:User)
WHERE mute.until IS NOT NULL
WITH min(mute.until) AS until
WHERE until IS NOT NULL
RETURN until AS until
