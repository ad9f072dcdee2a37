// SPDX-License-Identifier: GPL-3.0-or-later
#include "operations.h"
#include "task.h"
#include "verify.h"

/**
 * The functions that prover/native/addon.ts describes. Each takes buffers, writes its result into one that the caller
 * made, and returns a promise; the work is done on a thread of Node's pool and others of its own. The last two arguments
 * are the number of threads and two 32-bit words: the caller sets the first to end the work, and reads the share done, in
 * thousandths, from the second.
 */
namespace {

using namespace zkml;

#if defined(ZKML_IFMA)
constexpr const char* level = "ifma";
#elif defined(ZKML_ADX)
constexpr const char* level = "adx";
#else
constexpr const char* level = "portable";
#endif

/** Calls use with F = Fq for group 1 and Fq2 for group 2. */
template <class Use>
Napi::Value inGroup(Arguments& arguments, const Use& use) {
  switch (arguments.number()) {
    case 1:
      return use(Fq{});
    case 2:
      return use(Fq2{});
    default:
      misuse(arguments.env(), "the group is 1 or 2");
  }
}

/** (group, scalars, out) */
Napi::Value multiplyGenerator(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  return inGroup(arguments, [&](auto field) {
    using F = decltype(field);
    const Bytes scalars = arguments.bytes();
    const std::size_t count = arguments.count(scalars, 32);
    char* out = arguments.output(count * pointSize<F>);
    return arguments.run([=](Control& control) { zkml::multiplyGenerator<F>(scalars.data, count, out, control); });
  });
}

/** (group, points, first, step, out) */
Napi::Value scale(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  return inGroup(arguments, [&](auto field) {
    using F = decltype(field);
    const Bytes points = arguments.bytes();
    const std::size_t count = arguments.count(points, pointSize<F>);
    // Read where they are used, so that the caller can overwrite the only copy.
    const Bytes first = arguments.bytes().slice(0, 32), step = arguments.bytes().slice(0, 32);
    char* out = arguments.output(points.size);
    return arguments.run([=](Control& control) {
      zkml::scale<F>(points.data, count, first.integer(0), step.integer(0), out, control);
    });
  });
}

/** (group, points, out) */
Napi::Value toLagrange(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  return inGroup(arguments, [&](auto field) {
    using F = decltype(field);
    const Bytes points = arguments.bytes();
    const std::size_t count = arguments.count(points, pointSize<F>);
    unsigned power = 0;
    while (power < 28 && (std::size_t{1} << power) < count) power++;
    if ((std::size_t{1} << power) != count) misuse(info.Env(), "the number of points is no power of two up to 2^28");
    char* out = arguments.output(points.size);
    return arguments.run([=](Control& control) { zkml::toLagrange<F>(points.data, power, out, control); });
  });
}

/** (group, points, scalars, bytes of a scalar, out) */
Napi::Value combine(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  return inGroup(arguments, [&](auto field) {
    using F = decltype(field);
    const Bytes points = arguments.bytes(), scalars = arguments.bytes();
    const std::size_t width = arguments.number(), count = arguments.count(points, pointSize<F>);
    if (width == 0 || width > 32 || scalars.size != count * width) misuse(info.Env(), "a scalar a point is needed");
    char* out = arguments.output(pointSize<F>);
    return arguments.run([=](Control& control) {
      std::vector<Int256> wide(count, Int256{{0, 0, 0, 0}});
      for (std::size_t i = 0; i < count; i++) std::memcpy(&wide[i], scalars.data + width * i, width);
      const Digits digits(reinterpret_cast<const char*>(wide.data()), count, control);
      const Affine<F> sum = multiScalar<F>(points.data, digits, control);
      std::memcpy(out, &sum, sizeof sum);
    });
  });
}

/** (group, points, start, row, coefficient, table, out) */
Napi::Value combineColumns(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  return inGroup(arguments, [&](auto field) {
    using F = decltype(field);
    const Bytes points = arguments.bytes(), start = arguments.bytes(), row = arguments.bytes();
    const Bytes coefficient = arguments.bytes(), table = arguments.bytes();
    const std::size_t starts = arguments.count(start, 4), entries = arguments.count(row, 4);
    if (starts == 0 || coefficient.size != row.size) misuse(info.Env(), "the columns contradict one another");
    const Columns columns{arguments.words(start),       arguments.words(row), arguments.words(coefficient), starts - 1,
                          table.data, arguments.count(table, 32)};
    const std::size_t rows = arguments.count(points, pointSize<F>);
    for (std::size_t s = 0; s + 1 < starts; s++)
      if (columns.start[s] > columns.start[s + 1]) misuse(info.Env(), "columns do not follow one another");
    if (columns.start[0] != 0 || columns.start[columns.count] != entries)
      misuse(info.Env(), "the columns do not have all entries");
    for (std::size_t k = 0; k < entries; k++)
      if (columns.row[k] >= rows || columns.coefficient[k] >= columns.tableSize)
        misuse(info.Env(), "an entry names a row or coefficient that is not there");
    char* out = arguments.output(columns.count * pointSize<F>);
    return arguments.run([=](Control& control) { zkml::combineColumns<F>(points.data, columns, out, control); });
  });
}

/** (group, points, points, out) */
Napi::Value add(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  return inGroup(arguments, [&](auto field) {
    using F = decltype(field);
    const Bytes a = arguments.bytes(), b = arguments.bytes();
    const std::size_t count = arguments.count(a, pointSize<F>);
    if (a.size != b.size) misuse(info.Env(), "as many points on both sides are needed");
    char* out = arguments.output(a.size);
    return arguments.run([=](Control& control) { addPoints<F>(a.data, b.data, count, out, control); });
  });
}

/** (group, points) → index or −1 */
Napi::Value firstInvalid(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  return inGroup(arguments, [&](auto field) {
    using F = decltype(field);
    const Bytes points = arguments.bytes();
    const std::size_t count = arguments.count(points, pointSize<F>);
    auto first = std::make_shared<std::size_t>(0);
    return arguments.run(
        [=](Control& control) { *first = zkml::firstInvalid<F>(points.data, count, control); },
        [=](Napi::Env env) { return Napi::Number::New(env, *first == count ? -1.0 : static_cast<double>(*first)); });
  });
}

/** (group, points, 1 for compressed, out) */
Napi::Value encode(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  return inGroup(arguments, [&](auto field) {
    using F = decltype(field);
    const Bytes points = arguments.bytes();
    const std::size_t count = arguments.count(points, pointSize<F>);
    const bool isCompressed = arguments.number() != 0;
    char* out = arguments.output(count * (isCompressed ? sizeof(F) : pointSize<F>));
    return arguments.run(
        [=](Control& control) { zkml::encode<F>(points.data, count, isCompressed, out, control); });
  });
}

/** An open key with what it lies in. */
struct OpenKey {
  std::unique_ptr<MappedFile> file;
  /** The caller's memory, where there is no file. */
  Bytes bytes{nullptr, 0};
  std::unique_ptr<ProvingKey> key;

  bool isIn(Bytes source) const { return source.data == bytes.data && source.size == bytes.size; }
};

constexpr napi_type_tag keyTag = {0x7a6b6d6c2d6b6579, 0x67726f7468313621};

/** (path or bytes) → key; bytes must be kept alive and unchanged as long as the key */
Napi::Value openKey(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  auto open = std::make_shared<std::unique_ptr<OpenKey>>();
  std::string path;
  Bytes bytes{nullptr, 0};
  if (info[0].IsString())
    path = arguments.next().As<Napi::String>().Utf8Value();
  else
    bytes = arguments.bytes();
  return arguments.run(
      [=](Control& control) {
        auto opened = std::make_unique<OpenKey>();
        if (!path.empty()) opened->file = std::make_unique<MappedFile>(path);
        opened->bytes = bytes;
        opened->key = std::make_unique<ProvingKey>(opened->file ? opened->file->bytes() : bytes, control);
        *open = std::move(opened);
      },
      [=](Napi::Env env) {
        auto handle = Napi::External<OpenKey>::New(env, open->release(), [](Napi::Env, OpenKey* key) { delete key; });
        handle.TypeTag(&keyTag);
        return handle;
      });
}

/** (key, what it was opened from, witness values, r and s, out: A, B, C as in a key) */
Napi::Value prove(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  Napi::Value handle = arguments.next();
  if (!handle.IsExternal() || !handle.As<Napi::External<OpenKey>>().CheckTypeTag(&keyTag))
    misuse(info.Env(), "an open key is needed");
  const ProvingKey* key = handle.As<Napi::External<OpenKey>>().Data()->key.get();
  const Bytes source = info[1].IsTypedArray() ? arguments.bytes() : (arguments.next(), Bytes{nullptr, 0});
  if (!handle.As<Napi::External<OpenKey>>().Data()->isIn(source)) misuse(info.Env(), "the key lay in other bytes");
  const Bytes witness = arguments.bytes(), random = arguments.bytes();
  if (witness.size != key->wires * 32) misuse(info.Env(), "the witness has another number of wires than the key");
  if (random.size != sizeof(Blinding)) misuse(info.Env(), "two blinding numbers are needed");
  char* out = arguments.output(sizeof(Proof));
  return arguments.run([=](Control& control) {
    // Read here, so that the caller can overwrite the only copy.
    const Proof proof = Prover(*key, witness.data, control).prove({random.integer(0), random.integer(32)});
    std::memcpy(out, &proof, sizeof proof);
  });
}

/** (α β γ δ IC…, signals, proof: A, B, C) → whether it verifies */
Napi::Value verify(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  constexpr std::size_t fixed = sizeof(G1) + 3 * sizeof(G2);
  const Bytes bytes = arguments.bytes(), signals = arguments.bytes(), proof = arguments.bytes();
  const std::size_t count = arguments.count(signals, 32);
  if (bytes.size != fixed + (count + 1) * sizeof(G1) || proof.size != sizeof(Proof))
    misuse(info.Env(), "key, signals and proof do not belong together");
  auto isValid = std::make_shared<bool>(false);
  return arguments.run(
      [=](Control&) {
        VerifyingKey key{bytes.value<G1>(0), bytes.value<G2>(64), bytes.value<G2>(192), bytes.value<G2>(320), {}};
        for (std::size_t i = 0; i <= count; i++) key.inputs.push_back(bytes.value<G1>(fixed + i * sizeof(G1)));
        *isValid = zkml::verify(key, signals.data, proof.value<Proof>(0));
      },
      [=](Napi::Env env) { return Napi::Boolean::New(env, *isValid); });
}

/** Sums, differences and products of lanes, one after another, for tests against another implementation. */
template <class P>
void fieldOperations(const char* a, const char* b, std::size_t count, char* out) {
  using L = Lanes<P>;
  using F = Field<P>;
  for (std::size_t from = 0; from < count; from += L::count) {
    F x[L::count] = {}, y[L::count] = {}, result[3][L::count];
    const std::size_t used = std::min<std::size_t>(L::count, count - from);
    std::memcpy(x, a + 32 * from, 32 * used);
    std::memcpy(y, b + 32 * from, 32 * used);
    const L left = L::fromArray(x), right = L::fromArray(y);
    (left + right).reduced().toArray(result[0]);
    (left - right).reduced().toArray(result[1]);
    (left * right * L::broadcast(L::factor(F::fromSmall(L::ratio)))).reduced().toArray(result[2]);
    for (int k = 0; k < 3; k++) std::memcpy(out + 32 * (k * count + from), result[k], 32 * used);
  }
}

/** (0 for Fq or 1 for Fr, a, b, out: sums, differences, products), in Montgomery form; for tests */
Napi::Value operateOnFields(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const bool isScalar = arguments.number() != 0;
  const Bytes a = arguments.bytes(), b = arguments.bytes();
  const std::size_t count = arguments.count(a, 32);
  if (a.size != b.size) misuse(info.Env(), "as many elements on both sides are needed");
  char* out = arguments.output(3 * a.size);
  return arguments.run([=](Control&) {
    isScalar ? fieldOperations<ScalarParameters>(a.data, b.data, count, out)
             : fieldOperations<BaseParameters>(a.data, b.data, count, out);
  });
}

/** (values at the powers of a root, out: at the odd powers of one of twice the order), in Montgomery form; for tests */
Napi::Value toOddCoset(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Bytes values = arguments.bytes();
  const std::size_t count = arguments.count(values, 32);
  unsigned power = 0;
  while (power < 27 && (std::size_t{1} << power) < count) power++;
  if ((std::size_t{1} << power) != count || power < Domain::minPower) misuse(info.Env(), "no size of a domain");
  char* out = arguments.output(values.size);
  return arguments.run([=](Control& control) {
    const Domain domain(power);
    std::vector<Fr> copy(count);
    std::memcpy(copy.data(), values.data, values.size);
    Domain::Polynomial x = domain.load(copy.data(), control);
    domain.toOddCoset(x, control);
    domain.store(x, control, [&](std::size_t i, const Fr& value) { std::memcpy(out + 32 * i, &value, 32); });
  });
}

/** The levels that this machine can run, from the slowest to the fastest. */
Napi::Value supportedLevels(const Napi::CallbackInfo& info) {
  Napi::Array levels = Napi::Array::New(info.Env());
  auto add = [&](const char* name) { levels.Set(levels.Length(), name); };
  add("portable");
#if defined(__x86_64__)
  __builtin_cpu_init();
  // GCC 12 has no name for ADX: CPUID leaf 7, EBX bit 19.
  unsigned a, b = 0, c, d;
  __asm__("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(7), "c"(0));
  const bool hasAdx = __builtin_cpu_supports("bmi2") && (b >> 19 & 1) != 0;
  if (hasAdx) add("adx");
  if (hasAdx && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512ifma"))
    add("ifma");
#endif
  return levels;
}

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  exports.Set("level", level);
  auto define = [&](const char* name, Napi::Value (*function)(const Napi::CallbackInfo&)) {
    exports.Set(name, Napi::Function::New(env, function, name));
  };
  define("supportedLevels", supportedLevels);
  define("multiplyGenerator", multiplyGenerator);
  define("scale", scale);
  define("toLagrange", toLagrange);
  define("combine", combine);
  define("combineColumns", combineColumns);
  define("add", add);
  define("firstInvalid", firstInvalid);
  define("encode", encode);
  define("openKey", openKey);
  define("prove", prove);
  define("verify", verify);
  define("operateOnFields", operateOnFields);
  define("toOddCoset", toOddCoset);
  return exports;
}

}  // namespace

NODE_API_MODULE(zkml, initialize)
