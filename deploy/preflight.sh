#!/bin/sh
# Refuses a start whose secrets are missing or known to everyone. docker-compose.yml runs it before all but Neo4j.
set -u
failed=0

refuse() {
    echo "kith: $1. \`sh deploy/make-env.sh\` makes a .env with good secrets (README.md, \"In production\")." >&2
    failed=1
}

case ${KITH_SIGNING_KEY:-} in
'') refuse "KITH_SIGNING_KEY is not set" ;;
*[!A-Za-z0-9_-]*) refuse "KITH_SIGNING_KEY is not 32 bytes in unpadded base64url" ;;
*) [ ${#KITH_SIGNING_KEY} -eq 43 ] || refuse "KITH_SIGNING_KEY is not 32 bytes in unpadded base64url" ;;
esac
for name in KITH_NEO4J_PASSWORD KITH_GRAFANA_PASSWORD; do
    eval "value=\${$name:-}"
    case $value in
    '') refuse "$name is not set" ;;
    kith-development) refuse "$name is the password for development, which everyone knows" ;;
    ????????????*) ;;
    *) refuse "$name has fewer than 12 characters" ;;
    esac
done
exit $failed
