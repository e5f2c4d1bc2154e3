#!/bin/sh
# Writes .env for docker-compose.yml into the working directory, with secrets made at random. Never overwrites one.
set -eu
if [ -e .env ]; then
    echo ".env is there already, and stays as it is." >&2
    exit 1
fi
umask 077
{
    echo "# Secrets of Kith. Whoever has them can act as anybody: keep this file out of backups that others read."
    echo "# Signs access tokens and seals cursors. A new one logs everybody out until they refresh their session."
    echo "KITH_SIGNING_KEY=$(openssl rand -base64 32 | tr '+/' '-_' | tr -d '=')"
    echo "# Neo4j takes it when its volume is new. To change it later: ALTER CURRENT USER SET PASSWORD, then here."
    echo "KITH_NEO4J_PASSWORD=$(openssl rand -hex 24)"
    echo "# Of the user admin, when Grafana's volume is new."
    echo "KITH_GRAFANA_PASSWORD=$(openssl rand -hex 16)"
} >.env.new
mv .env.new .env
echo "Wrote .env. Go on with: docker compose up --detach --wait"
