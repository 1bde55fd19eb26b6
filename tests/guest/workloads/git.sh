#!/usr/bin/env bash
# git: a repository with a history, its clones, garbage collection, and going back and forth in time.
set -euo pipefail
# shellcheck source=tests/guest/workloads/common.sh
. "$(dirname "$0")/common.sh"

export HOME=$work GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=$work/gitconfig
export GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.org GIT_AUTHOR_DATE='1700000000 +0000'
export GIT_COMMITTER_NAME=C GIT_COMMITTER_EMAIL=c@example.org GIT_COMMITTER_DATE='1700000000 +0000'
git config --file gitconfig init.defaultBranch main
git config --file gitconfig pack.threads 1
git config --file gitconfig gc.auto 0
git config --file gitconfig advice.detachedHead false

# commit NUMBER: changes some files, adds one, moves one.
commit() {
  local i
  for i in {1..12}; do echo "line $1 of file $i" >>"src/file$i"; done
  bytes 3000 "$1" >"data/blob$1"
  git mv "data/moved$(($1 - 1))" "data/moved$1"
  git add -A
  git commit -q -m "change $1"
}

git init -q origin
cd origin
mkdir src data
bytes 150000 99 >data/large
echo script >data/tool
chmod 755 data/tool
ln -s ../src/file1 data/link
echo moved >data/moved0
for i in {1..25}; do echo "file $i" >"src/file$i"; done
git add -A
git commit -q -m start
for n in 1 2; do commit "$n"; done
git tag -a -m 'a tag' v2
git checkout -q -b side v2~1
echo side >src/side
git add -A
git commit -q -m side
git checkout -q main
git merge -q --no-ff -m merge side
commit 3

cd "$work"
git clone -q origin linked                # objects are hard links
git clone -q "file://$work/origin" packed # objects come through a pack
cd packed
git checkout -q v2
same "$(find src -type f | wc -l)" 25 'files at v2'
git checkout -q main
same "$(find src -type f | wc -l)" 26 'files at main'
git checkout -q -b work
commit 4
git push -q origin work

cd "$work/origin"
git repack -q -a -d
git gc -q --prune=now
same "$(git count-objects -v | sed -n 's/^packs: //p')" 1 'packs after gc'
same "$(git count-objects -v | sed -n 's/^count: //p')" 0 'loose objects after gc'

cd "$work"
for repository in origin linked packed; do
  git -C "$repository" fsck --strict --full >/dev/null || die "fsck finds $repository broken"
  same "$(git -C "$repository" status --porcelain)" '' "status of $repository"
done
same "$(git -C linked rev-parse HEAD)" "$(git -C origin rev-parse HEAD)" 'the clone'
same "$(git -C packed rev-parse work)" "$(git -C origin rev-parse work)" 'the pushed branch'

# An index holds inode numbers and times, a log the path that was cloned.
for repository in origin linked packed; do
  git -C "$repository" ls-files --stage >"$repository.files"
  rm "$repository/.git/index"
  find "$repository/.git" \( -name config -o -path '*/logs/*' -type f \) \
    -exec sed -i "s|$work|HERE|g" {} +
done
