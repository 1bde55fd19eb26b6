#include "spec/mount_options.h"

#include <algorithm>

#include "spec/json.h"

namespace spec {
namespace {

using base::failure;
using base::Outcome;
using enum OptionMeaning;

// Words with an r in front are the OCI text's recursive forms. Every tree is made read-only,
// nosuid and so on with all that is mounted in it, so that they mean the same as without the r.
constexpr OptionWord kWords[] = {
    {"bind", kBind},
    {"rbind", kRecursiveBind},

    {"ro", kReadOnly},
    {"rro", kReadOnly},
    {"rw", kReadWrite},
    {"rrw", kReadWrite},

    {"private", kPrivate},
    {"rprivate", kPrivate},
    {"slave", kSlave},
    {"rslave", kSlave},
    {"unbindable", kUnbindable},
    {"runbindable", kUnbindable},
    {"shared", kShared},
    {"rshared", kShared},

    {"idmap", kIdMap},
    {"ridmap", kIdMap},

    {"nosuid", kAlways},
    {"rnosuid", kAlways},
    {"nodev", kAlways},
    {"rnodev", kAlways},
    {"noexec", kAlways},
    {"rnoexec", kAlways},
    {"nosymfollow", kAlways},
    {"rnosymfollow", kAlways},
    {"suid", kNotGranted},
    {"rsuid", kNotGranted},
    {"dev", kNotGranted},
    {"rdev", kNotGranted},
    {"exec", kNotGranted},
    {"rexec", kNotGranted},
    {"symfollow", kNotGranted},
    {"rsymfollow", kNotGranted},

    {"atime", kAccessTimes},
    {"ratime", kAccessTimes},
    {"noatime", kAccessTimes},
    {"rnoatime", kAccessTimes},
    {"diratime", kAccessTimes},
    {"rdiratime", kAccessTimes},
    {"nodiratime", kAccessTimes},
    {"rnodiratime", kAccessTimes},
    {"relatime", kAccessTimes},
    {"rrelatime", kAccessTimes},
    {"norelatime", kAccessTimes},
    {"rnorelatime", kAccessTimes},
    {"strictatime", kAccessTimes},
    {"rstrictatime", kAccessTimes},
    {"nostrictatime", kAccessTimes},
    {"rnostrictatime", kAccessTimes},
    {"lazytime", kAccessTimes},
    {"nolazytime", kAccessTimes},

    {"defaults", kNoEffect},
    {"sync", kNoEffect},
    {"async", kNoEffect},
    {"dirsync", kNoEffect},
    {"mand", kNoEffect},
    {"nomand", kNoEffect},
    {"iversion", kNoEffect},
    {"noiversion", kNoEffect},
    {"silent", kNoEffect},
    {"loud", kNoEffect},
    {"acl", kNoEffect},
    {"noacl", kNoEffect},
    {"auto", kNoEffect},
    {"noauto", kNoEffect},
    {"nofail", kNoEffect},
    {"nouser", kNoEffect},
    {"_netdev", kNoEffect},
    {"tmpcopyup", kNoEffect},
    {"notmpcopyup", kNoEffect},
    {"size=", kNoEffect},
    {"mode=", kNoEffect},
    {"uid=", kNoEffect},
    {"gid=", kNoEffect},
    {"nr_inodes=", kNoEffect},
    {"nr_blocks=", kNoEffect},
    {"mpol=", kNoEffect},
    {"context=", kNoEffect},
    {"fscontext=", kNoEffect},
    {"defcontext=", kNoEffect},
    {"rootcontext=", kNoEffect},
    {"comment=", kNoEffect},
    {"x-systemd.", kNoEffect},

    {"remount", kRefused},
    {"move", kRefused},
    {"loop", kRefused},
    {"loop=", kRefused},
    {"offset=", kRefused},
    {"sizelimit=", kRefused},
    {"encryption=", kRefused},
    {"user", kRefused},
    {"user=", kRefused},
    {"users", kRefused},
    {"owner", kRefused},
    {"group", kRefused},
    {"X-mount.", kRefused},
    {"x-mount.", kRefused},
};

// Words that share a fate, told in one note however many there are.
class WordList {
 public:
  explicit WordList(std::string_view fate) : fate_(fate) {}

  void add(std::string_view word) {
    if (++count_ <= kShown) shown_ += (count_ == 1 ? "" : " ") + quote(word);
  }

  void tell(std::string_view where, Findings& findings) const {
    if (count_ == 0) return;
    std::string more = count_ > kShown ? " and " + std::to_string(count_ - kShown) + " more" : "";
    findings.note(where, shown_ + more + " " + std::string(fate_));
  }

 private:
  static constexpr std::size_t kShown = 5;
  std::string_view fate_;
  std::size_t count_ = 0;
  std::string shown_;
};

// The words of one mount, taken one by one.
class Words {
 public:
  explicit Words(std::string_view where) : where_(where) {}

  Outcome<void> take(std::string_view word, std::size_t index) {
    std::string where = where_ + "/" + std::to_string(index);
    if (is_gofer_word(word)) return own_.take(word, where);
    auto meaning = meaning_of(word);
    if (!meaning) {
      unknown_.add(word);
      return {};
    }
    return apply(*meaning, word, where);
  }

  Outcome<MountOptions> finish(Findings& findings) {
    options_.own = TRY(own_.finish(options_.access, where_));
    if (read_only_ && read_write_)
      TRY(findings.doubt(where_,
                         std::string("both ro and rw; the last wins: ") +
                             (options_.access == Access::kReadOnly ? "read-only" : "read-write"),
                         "expected one of them"));
    for (const WordList* words : {&not_granted_, &access_times_, &no_effect_, &unknown_})
      words->tell(where_, findings);
    return options_;
  }

 private:
  Outcome<void> apply(OptionMeaning meaning, std::string_view word, std::string_view where) {
    switch (meaning) {
      case kBind:
        break;
      case kRecursiveBind:
        options_.recursive = true;
        break;
      case kReadOnly:
        options_.access = Access::kReadOnly;
        read_only_ = true;
        break;
      case kReadWrite:
        options_.access = Access::kReadWrite;
        read_write_ = true;
        break;
      case kPrivate:
        return set(Propagation::kPrivate, where);
      case kSlave:
        return set(Propagation::kSlave, where);
      case kUnbindable:
        return set(Propagation::kUnbindable, where);
      case kShared:
        return failure(bad_spec(where, quote(word) + " is refused: mounts would reach the host",
                                "expected private, slave or unbindable"));
      case kIdMap:
        options_.id_mapped = true;
        break;
      case kAlways:
        break;
      case kNotGranted:
        not_granted_.add(word);
        break;
      case kAccessTimes:
        access_times_.add(word);
        break;
      case kNoEffect:
        no_effect_.add(word);
        break;
      case kRefused:
        return failure(bad_spec(where, "the option " + quote(word) + " is refused",
                                "expected options of a bind mount: a gofer serves a tree that "
                                "exists, as it is"));
    }
    return {};
  }

  Outcome<void> set(Propagation propagation, std::string_view where) {
    if (options_.propagation.value_or(propagation) != propagation)
      return failure(bad_spec(where, "a second propagation that contradicts the first",
                              "expected one of private, slave and unbindable"));
    options_.propagation = propagation;
    return {};
  }

  std::string where_;
  MountOptions options_;
  GoferWords own_;
  bool read_only_ = false;
  bool read_write_ = false;
  WordList not_granted_{"not granted: every tree is served nosuid, nodev, noexec and nosymfollow"};
  WordList access_times_{"without effect: the host's mount decides about access times"};
  WordList no_effect_{"without effect on a bind mount"};
  WordList unknown_{"not known here and passed over"};
};

}  // namespace

std::span<const OptionWord> option_words() {
  return kWords;
}

std::optional<OptionMeaning> meaning_of(std::string_view word) {
  for (const OptionWord& known : kWords) {
    bool prefix = known.word.ends_with('=') || known.word.ends_with('.');
    if (prefix ? word.starts_with(known.word) : word == known.word) return known.meaning;
  }
  return std::nullopt;
}

bool ask_for_bind(const std::vector<std::string>& options) {
  return std::ranges::any_of(options, [](const std::string& word) {
    auto meaning = meaning_of(word);
    return meaning == kBind || meaning == kRecursiveBind;
  });
}

bool are_for_gofer(const std::vector<std::string>& options) {
  return std::ranges::any_of(options, is_gofer_word);
}

Outcome<MountOptions> parse_mount_options(const std::vector<std::string>& options,
                                          std::string_view where, Findings& findings) {
  Words words(where);
  for (std::size_t i = 0; i < options.size(); ++i) TRY(words.take(options[i], i));
  return words.finish(findings);
}

Outcome<MountOptions> parse_root_options(std::string_view list, Access access) {
  const std::string where = "/annotations/" + std::string(kRootOptionsAnnotation);
  GoferWords words;
  while (!list.empty()) {
    std::string_view word = list.substr(0, list.find(','));
    TRY(words.take(word, where));
    list.remove_prefix(std::min(word.size() + 1, list.size()));
  }
  return MountOptions{.recursive = true,
                      .access = access,
                      .propagation = {},
                      .own = TRY(words.finish(access, where))};
}

}  // namespace spec
