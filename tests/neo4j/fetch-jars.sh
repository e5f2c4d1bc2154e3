#!/bin/sh
# Puts the jars of the Neo4j release named in pom.xml into TARGET_DIR/neo4j/jars, unless they are
# there already. Used by .ci/run and by tests/it/neo4j.rs.
set -eu
target=${1:?usage: fetch-jars.sh TARGET_DIR}
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$target/neo4j"
neo4j=$(cd "$target/neo4j" && pwd)

# The copy of pom.xml beside the jars tells which release they are.
if cmp -s "$here/pom.xml" "$neo4j/jars/pom.xml"; then
    exit 0
fi
# Into a folder of their own first, so that a broken download leaves no half-filled jars/.
rm -rf "$neo4j/jars.part"
mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies -DoutputDirectory="$neo4j/jars.part"
cp "$here/pom.xml" "$neo4j/jars.part/pom.xml"
rm -rf "$neo4j/jars"
mv "$neo4j/jars.part" "$neo4j/jars"
