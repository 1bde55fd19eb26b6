#!/usr/bin/env bash
# demo.sh BUILD: makes a container bundle, serves it with BUILD/cmd/gofer and lets demo/tour.sh look
# at it from the client's side. Leaves nothing behind. Exit status 1 if anything is not as shown.
set -euo pipefail

demo=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
build=$(cd "$1" && pwd -P)
work=$(mktemp -d "${TMPDIR:-/tmp}/gofer-demo.XXXXXX")
trap 'rm -rf "$work"' EXIT

# A root file system with nothing but busybox, and three places on the "host" beside it.
make_bundle() {
  local rootfs=$work/bundle/rootfs applet
  mkdir -p "$rootfs"/{bin,etc,home,tmp} "$work/host/data" "$work/host/ro"
  cp /bin/busybox "$rootfs/bin/busybox"
  for applet in $(busybox --list); do
    [[ $applet == busybox ]] || ln -s busybox "$rootfs/bin/$applet"
  done
  echo 'root:x:0:0:root:/:/bin/sh' >"$rootfs/etc/passwd"
  echo 'a library of the host' >"$work/host/ro/library"
  echo 'notes from yesterday' >"$work/host/data/notes"
  echo 'Welcome. Whoever writes here is thrown out.' >"$work/host/motd"
  runc spec --bundle "$work/bundle"
  jq --arg host "$work/host" '.mounts += [
      {destination: "/data", type: "bind", source: "\($host)/data", options: ["rbind", "rw"]},
      {destination: "/ro", type: "bind", source: "\($host)/ro", options: ["rbind", "ro"]},
      {destination: "/etc/motd", type: "bind", source: "\($host)/motd",
       options: ["bind", "ro", "x-gofer.panic-on-write", "x-gofer.xattr=none",
                 "x-gofer.locks=off"]}
    ]' "$work/bundle/config.json" >"$work/config.json"
  mv "$work/config.json" "$work/bundle/config.json"
}

make_bundle
export PATH=$build/cmd:$build/cmd/p9:$PATH
export GOFER_DEMO_STATUS=$work/status GOFER_DEMO_LOG=$work/log
export GOFER_DEMO_HOST=$work/host GOFER_DEMO_SCRATCH=$work/client
mkdir "$GOFER_DEMO_SCRATCH"
: >"$GOFER_DEMO_STATUS"

status=0
gofer --bundle "$work/bundle" --status-fd 9 -- "$demo/tour.sh" \
  9>>"$GOFER_DEMO_STATUS" 2>"$GOFER_DEMO_LOG" || status=$?
if ((status != 0)); then
  printf '\nThe demo did not go as promised (status %d). What gofer said:\n' "$status" >&2
  sed 's/^/  /' "$GOFER_DEMO_STATUS" "$GOFER_DEMO_LOG" >&2
  exit 1
fi
