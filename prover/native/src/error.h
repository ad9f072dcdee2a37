// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <stdexcept>
#include <string>

namespace zkml {

/** What a caller did wrong, or a file holds; `code` is stable. */
class Error : public std::runtime_error {
 public:
  Error(const char* code, const std::string& message) : std::runtime_error(message), code(code) {}
  const char* const code;
};

/** The caller asked for the work to end. */
class Cancelled : public std::exception {};

}  // namespace zkml
