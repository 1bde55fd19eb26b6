// GoferOptions: what the words of this program among a mount's options say, by one list of words.
#pragma once

#include <bitset>
#include <cstddef>
#include <span>
#include <string_view>

#include "spec/attach_plan.h"
#include "spec/base/problem.h"

namespace spec {

// Any spelling that was meant for this program ("x-gofer" and whatever follows, in any case):
// passing over a misspelt one would drop a wish.
bool is_gofer_word(std::string_view word);

// Every word of this program there is.
std::span<const std::string_view> gofer_words();

struct GoferOptions {
  OnWrite on_write = OnWrite::kRefuse;
  SpecialFiles special;
  XattrNames xattrs;
  bool locks = true;
  bool donate = true;
};

// The words of this program on one mount, taken one by one in any order.
class GoferWords {
 public:
  // Error: a word that is not known, with those that are. `where` is the JSON pointer of the word.
  base::Outcome<void> take(std::string_view word, std::string_view where);

  // What they say together. `where` is the JSON pointer of the list. Errors: panic-on-write where
  // writes are allowed, xattr=none next to a name space.
  base::Outcome<GoferOptions> finish(Access access, std::string_view where) const;

 private:
  std::bitset<16> seen_;  // by index in gofer_words()
};

}  // namespace spec
