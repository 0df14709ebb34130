#!/usr/bin/env bash
# The README promises that its two lines need no root, no network beyond npm, and no apt, dpkg, tar or xz. Run as root on a checkout
# that is built: repeats quick start and tests in a copy that belongs to nobody, without a network where namespaces allow that,
# and with a PATH that lacks Debian's tools.
set -euo pipefail
cd "$(dirname "$0")/.."
[ "$(id -u)" = 0 ] || { echo 'as-ordinary-user.sh: only root can become another user' >&2; exit 2; }

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
chmod 755 "$place"
mkdir "$place/bin" "$place/home" "$place/temporary"
for folder in /usr/bin /bin; do
  for program in "$folder"/*; do
    case ${program##*/} in
      apt* | bzip2* | curl | dpkg* | fish | gpg* | lzma* | perl* | python3* | tar | tmux | unxz | wget | xz* | zsh | zstd*) ;;
      *) ln -sf "$program" "$place/bin/" ;;
    esac
  done
done
for program in node npm npx; do ln -sf "$(command -v "$program")" "$place/bin/$program"; done

git clone --quiet --no-hardlinks . "$place/checkout"
mkdir "$place/checkout/node_modules"
cp -R node_modules/. "$place/checkout/node_modules"
chown -R nobody "$place"

ordinary=(setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups
  env -i "PATH=$place/bin" "HOME=$place/home" "TMPDIR=$place/temporary"
  sh -c "cd '$place/checkout' && npm run quickstart && npm test")
if unshare --net true 2>/dev/null; then
  unshare --net sh -c 'ip link set lo up 2>/dev/null; exec "$@"' sh "${ordinary[@]}"
else
  echo '*** network namespaces are forbidden here: run with the network there' >&2
  "${ordinary[@]}"
fi
