#!/bin/sh
# For cron: 17 4 * * * /srv/bot/nightly.sh /srv/bot/images
#
# The clone's remote is one that this user may push to. The token is read from a file that nobody else may read.
set -eu
clone=$1
cd "$clone"
# A second pass would find the first one's branches; it would only cost time.
exec 9>"$clone/.git/aptroot-bot.lock"
flock --nonblock 9 || exit 0
APTROOT_FORGE_TOKEN=$(cat "$HOME/.config/aptroot/forge-token")
export APTROOT_FORGE_TOKEN
git pull --quiet --ff-only
exec aptroot bot run --all --forge github --repository example/images --quiet
