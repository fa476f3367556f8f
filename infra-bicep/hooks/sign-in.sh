#!/bin/sh
# Asks the app that was just deployed, from outside and without a token, in the name of an administrator whom nobody has signed in: the platform must stop it.
# It does so on every path but those of globalValidation.excludedPaths. /a is one of them, and /api and /approvals begin with it: were they let through with the header,
# anybody could be anybody. A platform that lets them through without it leaves them to the app, which asks who calls by itself.
# azd runs it after it has deployed; `azd hooks run postdeploy` runs it again.
set -eu

say() { printf '%s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

[ -n "${HOLDFAST_AUDIENCE:-}" ] || exit 0 # callers are told by API keys, and the host reads no header of the platform's
[ -n "${HOLDFAST_ADDRESS:-}" ] || die "HOLDFAST_ADDRESS is not set. Type: azd hooks run postdeploy"
command -v curl >/dev/null || die "curl is needed to see that the platform asks who calls. Install it, then type: azd hooks run postdeploy"

nobody=00000000-0000-4000-8000-000000000000
forged=$(printf '{"auth_typ":"aad","claims":[{"typ":"oid","val":"%s"},{"typ":"tid","val":"%s"},{"typ":"roles","val":"read"},{"typ":"roles","val":"admin"}]}' "$nobody" "$nobody" | base64 | tr -d '\n')

for path in /api/runs /approvals; do
  tries=30
  while :; do
    status=$(curl --silent --max-time 60 --output /dev/null --write-out '%{http_code}' --header "X-MS-CLIENT-PRINCIPAL: $forged" "$HOLDFAST_ADDRESS$path") || :
    case $status in
      401) break ;;
      000 | 5*) # not up yet
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || die "$HOLDFAST_ADDRESS$path answers $status after five minutes: whether the platform asks who calls is not known. When the app is up, type: azd hooks run postdeploy"
        sleep 10 ;;
      *) die "$HOLDFAST_ADDRESS$path answers $status to a caller who made up who he is: anybody could be anybody there. Tell callers by API keys until that is mended: azd env set HOLDFAST_IDENTITY keys && azd up" ;;
    esac
  done
done
say "The platform asks who calls."
