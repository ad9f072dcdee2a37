// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "error.h"
#include "field.h"

namespace zkml {

/** Bytes that someone else keeps. */
struct Bytes {
  const char* data;
  std::size_t size;

  /** `length` bytes from `offset` on. @throws Error BINFILE_TRUNCATED */
  Bytes slice(std::size_t offset, std::size_t length) const {
    if (offset > size || length > size - offset)
      throw Error("BINFILE_TRUNCATED", "it ends at byte " + std::to_string(size) + ", within a field that starts at byte " +
                                           std::to_string(offset));
    return {data + offset, length};
  }
  uint32_t u32(std::size_t offset) const { return value<uint32_t>(offset); }
  Int256 integer(std::size_t offset) const { return value<Int256>(offset); }
  template <class T>
  T value(std::size_t offset) const {
    T out;
    std::memcpy(&out, slice(offset, sizeof out).data, sizeof out);
    return out;
  }
};

/** A file mapped for reading. Whoever shortens it meanwhile ends the process, as with every mapped file. */
class MappedFile {
 public:
  explicit MappedFile(const std::string& path) {
    int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) throw Error("BINFILE_UNREADABLE", std::string("cannot be read: ") + std::strerror(errno));
    struct stat status;
    if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
      close(file);
      throw Error("BINFILE_UNREADABLE", "cannot be read: it is not a file");
    }
    size_ = static_cast<std::size_t>(status.st_size);
    if (size_ > 0) {
      data_ = mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file, 0);
      if (data_ == MAP_FAILED) {
        int reason = errno;
        close(file);
        throw Error("BINFILE_UNREADABLE", std::string("cannot be mapped: ") + std::strerror(reason));
      }
    }
    close(file);
  }
  ~MappedFile() {
    if (size_ > 0) munmap(data_, size_);
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  Bytes bytes() const { return {static_cast<const char*>(data_), size_}; }

 private:
  void* data_ = nullptr;
  std::size_t size_ = 0;
};

/** The sections of an iden3 file: magic, version, count, then (id, length, content) each. Every access is checked. */
class Sections {
 public:
  Sections(Bytes file, const char magic[4], uint32_t maxVersion) {
    if (std::memcmp(file.slice(0, 4).data, magic, 4) != 0)
      throw Error("BINFILE_WRONG_TYPE", "this is not a ." + std::string(magic, 4) + " file");
    const uint32_t version = file.u32(4), count = file.u32(8);
    if (version < 1 || version > maxVersion)
      throw Error("BINFILE_UNSUPPORTED", "version " + std::to_string(version) + " is not supported");
    if (count > maxSections) throw Error("BINFILE_CORRUPT", "it claims to have " + std::to_string(count) + " sections");
    std::size_t at = 12;
    for (uint32_t i = 0; i < count; i++) {
      const uint32_t id = file.u32(at);
      const u64 length = file.value<u64>(at + 4);
      at += 12;
      entries_.push_back({id, file.slice(at, length)});
      at += length;
    }
    if (at != file.size) throw Error("BINFILE_CORRUPT", "bytes follow its last section");
  }

  /** The one section of this id. */
  Bytes operator[](uint32_t id) const {
    const Entry* found = nullptr;
    for (const Entry& entry : entries_) {
      if (entry.id != id) continue;
      if (found != nullptr) throw Error("BINFILE_CORRUPT", "section " + std::to_string(id) + " occurs more than once");
      found = &entry;
    }
    if (found == nullptr) throw Error("BINFILE_MISSING_SECTION", "section " + std::to_string(id) + " is missing");
    return found->content;
  }

 private:
  struct Entry {
    uint32_t id;
    Bytes content;
  };
  static constexpr uint32_t maxSections = 64;
  std::vector<Entry> entries_;
};

/** A field prime with its width, as every iden3 header has it. */
template <class P>
void expectPrime(Bytes header, std::size_t offset) {
  if (header.u32(offset) != 32 || !(header.integer(offset + 4) == P::modulus))
    throw Error("BINFILE_UNSUPPORTED", "it is for another curve; only BN254 (bn128) is supported");
}

}  // namespace zkml
