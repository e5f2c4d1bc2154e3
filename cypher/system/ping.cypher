// Always one row: the graph answers.
RETURN 1 AS one
