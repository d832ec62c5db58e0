#!/usr/bin/env bash
# Makes the secret files that the examples in this folder read, one secret each, and leaves alone what is there already:
#
#   deploy/secrets.sh FOLDER
#
# What a vendor has to give out begins as `replace-me`. The folder is for its owner only. The files in it are not: a
# container that mounts one of them reads it as another user.
set -euo pipefail
folder=${1:?name the folder, such as deploy/secrets}
mkdir -p "$folder"
chmod 0700 "$folder"

random() { head -c 32 /dev/urandom | base64 | tr -d '\n=' | tr '+/' '-_'; } # fit for a URL

keep() { # keep NAME VALUE: into a file that is not there yet, whole or not at all
  if [ -e "$folder/$1" ]; then return; fi
  printf '%s\n' "$2" >"$folder/.$1"
  chmod 0444 "$folder/.$1"
  mv "$folder/.$1" "$folder/$1"
  echo "made $folder/$1"
}

keep code_key "$(random)"
keep console_token "$(random)"
keep redis_password "$(random)"
if [ ! -e "$folder/app_secret_sha256" ]; then # the gateway is given the hash alone
  secret=$(random)
  keep app_secret_sha256 "$(printf %s "$secret" | sha256sum | cut -d' ' -f1)"
  echo "for the application, shown this once: X-API-Key: shop-key, X-API-Secret: $secret"
fi
for name in sendexa_api_key sendexa_api_secret hubtel_client_id hubtel_client_secret smtp_password; do
  keep "$name" replace-me
done
