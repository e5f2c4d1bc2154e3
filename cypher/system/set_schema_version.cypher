// Records the version of the schema. Always one row.
MERGE (schema:Schema {id: 'kith'})
SET schema.version = $version
RETURN schema.version AS version
