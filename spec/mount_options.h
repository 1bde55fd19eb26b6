// MountOptions: what the option words of one mount say, by one table that classifies every word.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "spec/attach_plan.h"
#include "spec/base/problem.h"
#include "spec/findings.h"
#include "spec/gofer_options.h"

namespace spec {

// The annotation that gives the root its x-gofer options, separated by commas.
inline constexpr std::string_view kRootOptionsAnnotation = "org.gofer.root.options";

// What a word does to an attach point.
enum class OptionMeaning : uint8_t {
  kBind,
  kRecursiveBind,
  kReadOnly,  // the last of these two wins
  kReadWrite,
  kPrivate,  // at most one of these three
  kSlave,
  kUnbindable,
  kShared,       // refused
  kIdMap,        // the tree is id-mapped
  kAlways,       // holds for every tree that is served; accepted silently
  kNotGranted,   // the opposite of what holds for every tree; ignored with a note
  kAccessTimes,  // the host's mount decides; ignored with a note
  kNoEffect,     // means something on other kinds of mounts or in fstab; ignored with a note
  kRefused,      // asks for what a gofer does not do, and ignoring it would mislead
};

// A word that ends in "=" or "." stands for every word that starts with it.
struct OptionWord {
  std::string_view word;
  OptionMeaning meaning;
};

// Every word there is a rule for; each once. Words of this program (x-gofer.*) are not among them.
std::span<const OptionWord> option_words();

// The rule for `word`; none for a word nobody here knows.
std::optional<OptionMeaning> meaning_of(std::string_view word);

struct MountOptions {
  bool recursive = false;
  Access access = Access::kReadWrite;
  std::optional<Propagation> propagation;
  bool id_mapped = false;
  GoferOptions own;
};

// `bind` or `rbind` is among them: the OCI text says that such a mount is a bind mount whatever its
// type.
bool ask_for_bind(const std::vector<std::string>& options);

// A word of this program is among them, well-formed or not.
bool are_for_gofer(const std::vector<std::string>& options);

// `where` is the JSON pointer of the list. A word that is unknown or without effect becomes a note,
// ro and rw in one list a doubt. An error: a refused word, two different propagations, and what
// GoferWords refuses.
base::Outcome<MountOptions> parse_mount_options(const std::vector<std::string>& options,
                                                std::string_view where, Findings& findings);

// The same for the root: `list` is the value of kRootOptionsAnnotation, in which only words of this
// program may stand; `access` is what root.readonly says.
base::Outcome<MountOptions> parse_root_options(std::string_view list, Access access);

}  // namespace spec
