// The version of the schema that this graph has. No row: a graph that Kith has not opened before.
MATCH (schema:Schema {id: 'kith'})
RETURN schema.version AS version
