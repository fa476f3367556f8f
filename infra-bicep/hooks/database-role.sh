#!/bin/sh
# Gives the function app's identity its role in the database: PostgreSQL makes roles by SQL alone, so no template can.
# azd runs it after it has provisioned; `azd hooks run postprovision` runs it again, which changes nothing.
# Signs in as the database's administrator with a token of the Azure CLI. No password anywhere.
# `database-role.sh check` only says whether it could: azd asks before it provisions, not a quarter of an hour later.
set -eu

say() { printf '%s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

for tool in az psql; do
  command -v "$tool" >/dev/null || die "$tool is needed to give the app its role in the database. Install it, then go on as before."
done
PGPASSWORD=$(az account get-access-token --resource-type oss-rdbms --query accessToken --output tsv) || die "No token for the database. Type: az login"
[ "${1:-}" != check ] || exit 0
export PGPASSWORD

for name in HOLDFAST_DATABASE HOLDFAST_DATABASE_ADMINISTRATOR HOLDFAST_DATABASE_HOST HOLDFAST_DATABASE_ROLE HOLDFAST_DATABASE_ROLE_OBJECT HOLDFAST_DATABASE_SERVER; do
  eval "[ -n \"\${$name:-}\" ]" || die "$name is not set. Type: azd hooks run postprovision (or, when HOLDFAST_DATABASE_ADMINISTRATOR is the one: azd env set HOLDFAST_OWNER_NAME NAME && azd provision)."
done

# The server must show that it is the one it says it is before it gets a token.
for roots in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem system; do
  [ ! -e "$roots" ] || break
done
export PGHOST="$HOLDFAST_DATABASE_HOST" PGUSER="$HOLDFAST_DATABASE_ADMINISTRATOR" PGSSLMODE=verify-full PGSSLROOTCERT="$roots" PGCONNECT_TIMEOUT=15

rule="https://management.azure.com$HOLDFAST_DATABASE_SERVER/firewallRules/postprovision?api-version=2025-08-01"
opened=
close() { [ -z "$opened" ] || az rest --method delete --uri "$rule" --output none || say "The firewall rule 'postprovision' is still there. Delete it."; }
trap close EXIT
trap 'exit 1' INT TERM

# The server names the address it does not let in: that one is let in until this ends.
if ! refusal=$(psql --no-psqlrc --dbname postgres --command 'select 1' 2>&1 >/dev/null); then
  address=$(printf '%s' "$refusal" | sed -n 's/.*no pg_hba.conf entry for host "\([0-9.]*\)".*/\1/p' | head -n 1)
  [ -n "$address" ] || die "$HOLDFAST_DATABASE_HOST cannot be reached as $PGUSER: $refusal"
  opened=yes
  az rest --method put --uri "$rule" --output none --body "{\"properties\": {\"startIpAddress\": \"$address\", \"endIpAddress\": \"$address\"}}"
  tries=60
  until psql --no-psqlrc --dbname postgres --command 'select 1' >/dev/null 2>&1; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || die "$HOLDFAST_DATABASE_HOST does not let $address in after five minutes, although it was told to. Type: azd hooks run postprovision"
    sleep 5
  done
fi

ask() { psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --set role="$HOLDFAST_DATABASE_ROLE" --set object="$HOLDFAST_DATABASE_ROLE_OBJECT" --set database="$HOLDFAST_DATABASE" "$@" >/dev/null; }

ask --dbname postgres <<'SQL'
select pgaadauth_create_principal_with_oid(:'role', :'object', 'service', false, false) where not exists (select from pg_roles where rolname = :'role');
SQL
# The app makes its own tables.
ask --dbname "$HOLDFAST_DATABASE" <<'SQL'
grant connect, create, temporary on database :"database" to :"role";
grant usage, create on schema public to :"role";
SQL
say "$HOLDFAST_DATABASE_ROLE may use the database $HOLDFAST_DATABASE."
