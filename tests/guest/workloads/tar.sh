#!/usr/bin/env bash
# tar: a tree with all kinds of attributes goes into an archive, comes out again, and is the same.
# Needs root, for the owners.
set -euo pipefail
# shellcheck source=tests/guest/workloads/common.sh
. "$(dirname "$0")/common.sh"

mkdir tree tree/empty tree/deep
cd tree
for i in {1..15}; do
  bytes $((i * 662)) "$i" >"file$i"
  chown "$((1000 + i)):$((2000 + i))" "file$i"
  chmod "$(printf '%o' $(((i * 2741) % 512)))" "file$i"
done
bytes 100000 7 >large
: >nothing
truncate -s 1M sparse
printf tail | dd of=sparse bs=1 seek=500000 conv=notrunc status=none

echo set >setuid && chown 1001:1002 setuid && chmod 4755 setuid
echo set >setgid && chown 1001:1002 setgid && chmod 2711 setgid
mkdir sticky shared private
chmod 1777 sticky
chgrp 1500 shared && chmod 2775 shared
chmod 0700 private && chown 1003:1003 private
echo inherits >shared/file
mkdir shared/sub
same "$(stat -c %g:%A shared/sub)" '1500:drwxr-sr-x' 'a directory in a set-gid directory'
same "$(stat -c %g shared/file)" 1500 'a file in a set-gid directory'

ln file1 hard1
ln file1 deep/hard2
same "$(stat -c %h file1)" 3 'links'
ln -s file1 relative
ln -s /nowhere/at/all dangling
ln -s "$(printf 'x%.0s' {1..1000})" long
chown -h 1004:1005 dangling
mkdir -p "deep/$(printf 'a%.0s' {1..200})/$(printf 'b%.0s' {1..200})"
echo bottom >"deep/$(printf 'a%.0s' {1..200})/$(printf 'b%.0s' {1..200})/$(printf 'c%.0s' {1..255})"
for name in 'with space' $'new\nline' $'\xff\xfe not utf-8' 'grüße' '-dash' '*?[' '\back' "quote'"; do
  echo "$name" >"./$name"
done

setfattr -n user.text -v 'some text' file2
setfattr -n user.binary -v 0x00ff0a00 file2
setfattr -n user.empty file3
setfattr -n user.large -v "$(bytes 3000 5)" file3
setfattr -n user.gone -v x file3
setfattr -x user.gone file3
setfattr -n user.on-directory -v dir empty

# Times last: what comes before would change them. Whole seconds after 1970, because v9fs of Linux 6.1
# sets no others; one after 2038.
find . -depth -exec touch -h -d '2001-02-03 04:05:06' {} +
touch -h -d '2050-11-12 13:14:15' relative

cd "$work"
archive() {
  tar --create --format=posix --sort=name --numeric-owner --xattrs \
    --pax-option='delete=atime,delete=ctime,exthdr.name=%d/PaxHeaders/%f' --directory "$1" .
}
extract() {
  tar --extract --file tree.tar --xattrs --same-owner --same-permissions --numeric-owner \
    --warning=no-timestamp --directory "$1"
}
archive tree >tree.tar
tar --compare --file tree.tar --xattrs --numeric-owner --directory tree ||
  die 'the tree differs from its own archive'
mkdir out
extract out
tar --compare --file tree.tar --xattrs --numeric-owner --directory out ||
  die 'what came out differs from the archive'
archive out | cmp - tree.tar || die 'an archive of what came out is another one'

cp -a tree copy
archive copy | cmp - tree.tar || die 'cp -a makes another tree'
# Extracting again replaces every file.
extract copy
archive copy | cmp - tree.tar || die 'extracting over a tree makes another one'
rm -r out
touch -d '2001-02-03 04:05:06' tree.tar .
