#!/bin/sh
# Gives the function app's identity its role in the database: PostgreSQL makes roles by SQL alone, so no template can.
# azd runs it after it has provisioned; `azd hooks run postprovision` runs it again, which changes nothing.
# Signs in as the database's administrator with a token of the Azure CLI. No password anywhere.
# `database-role.sh check` only says whether it could: azd asks before it provisions, not a quarter of an hour later.
# `database-role.sh run COMMAND…` runs a command of an operator's over that database, in the app's role: what it makes is the app's.
set -eu

say() { printf '%s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
of_cli() { az account show ${AZURE_SUBSCRIPTION_ID:+--subscription "$AZURE_SUBSCRIPTION_ID"} --query "$1" --output tsv; }

for tool in az psql; do
  command -v "$tool" >/dev/null || die "$tool is needed to give the app its role in the database. Install it, then go on as before."
done
# Of the subscription that azd uses: the CLI's own may stand in another tenant, whose token opens nothing here.
PGPASSWORD=$(az account get-access-token ${AZURE_SUBSCRIPTION_ID:+--subscription "$AZURE_SUBSCRIPTION_ID"} --resource-type oss-rdbms --query accessToken --output tsv) || die "No token for the database. Type: az login"
if [ "${1:-}" = check ]; then
  [ -n "${HOLDFAST_OWNER_NAME:-}" ] || [ "$(of_cli user.type)" != servicePrincipal ] ||
    die "A service principal deploys, and nothing says under which name it signs in to the database. Type: azd env set HOLDFAST_OWNER_NAME NAME (its display name) && azd env set HOLDFAST_OWNER_TYPE ServicePrincipal"
  exit 0
fi
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

# The server names the address that it does not let in.
knock() { refusal=$(psql --no-psqlrc --dbname postgres --command 'select 1' 2>&1 >/dev/null); }
refused() { printf '%s' "$refusal" | sed -n 's/.*no pg_hba.conf entry for host "\([0-9.]*\)".*/\1/p' | head -n 1; }
lost() { die "$HOLDFAST_DATABASE_HOST cannot be reached as $PGUSER (the Azure CLI is signed in as $(of_cli user.name)): $refusal"; }

# That one is let in until this ends.
if ! knock; then
  address=$(refused)
  [ -n "$address" ] || lost
  opened=yes
  az rest --method put --uri "$rule" --output none --body "{\"properties\": {\"startIpAddress\": \"$address\", \"endIpAddress\": \"$address\"}}"
  tries=60
  until knock; do
    [ -n "$(refused)" ] || lost
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || die "$HOLDFAST_DATABASE_HOST does not let $address in after five minutes, although it was told to. Type: azd hooks run postprovision"
    sleep 5
  done
fi

if [ "${1:-}" = run ]; then
  shift
  export HOLDFAST_STORE="Host=$PGHOST;Database=$HOLDFAST_DATABASE;Username=$PGUSER;SSL Mode=VerifyFull;Maximum Pool Size=2;Options=-c role=$HOLDFAST_DATABASE_ROLE" HOLDFAST_STORE_PASSWORD="$PGPASSWORD"
  unset PGPASSWORD PGSSLROOTCERT PGSSLMODE PGHOST PGUSER PGCONNECT_TIMEOUT
  "$@"
  exit
fi

ask() { psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 --set role="$HOLDFAST_DATABASE_ROLE" --set object="$HOLDFAST_DATABASE_ROLE_OBJECT" --set database="$HOLDFAST_DATABASE" "$@"; }

ask --dbname postgres >/dev/null <<'SQL'
select pgaadauth_create_principal_with_oid(:'role', :'object', 'service', false, false) where not exists (select from pg_roles where rolname = :'role');
SQL
# The app makes its own tables. GRANT only warns where there was nothing that it could give, so what came of it is asked for.
missing=$(ask --dbname "$HOLDFAST_DATABASE" <<'SQL'
grant connect, create, temporary on database :"database" to :"role";
grant usage, create on schema public to :"role";
select concat_ws('; ',
    case when not (has_database_privilege(:'role', d.oid, 'connect') and has_database_privilege(:'role', d.oid, 'create') and has_database_privilege(:'role', d.oid, 'temporary'))
        then 'the database belongs to ' || pg_get_userbyid(d.datdba) end,
    case when not (has_schema_privilege(:'role', s.oid, 'usage') and has_schema_privilege(:'role', s.oid, 'create'))
        then 'its schema public belongs to ' || pg_get_userbyid(s.nspowner) end)
from pg_database d, pg_namespace s where d.datname = current_database() and s.nspname = 'public';
SQL
)
[ -z "$missing" ] || die "$HOLDFAST_DATABASE_ROLE may not make its tables in $HOLDFAST_DATABASE: $missing, and $PGUSER can give no right in what is not its own. If no run is kept there yet, delete the database and type: azd provision. Else its owner must grant it."

# So that an operator can act in the app's role (database-role.sh run). The app does without.
ask --dbname postgres >/dev/null <<'SQL' || say "$PGUSER could not be made a member of $HOLDFAST_DATABASE_ROLE, so 'database-role.sh run' will be refused. The app does not need it."
set client_min_messages = warning;
grant :"role" to current_user;
SQL
say "$HOLDFAST_DATABASE_ROLE may use the database $HOLDFAST_DATABASE."
