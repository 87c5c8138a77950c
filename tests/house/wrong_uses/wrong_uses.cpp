// Uses that don't compile, each with what the compiler has to say of it; wrong_uses.py compiles this.
#include <stet/stet.h>

using namespace stet;

namespace {

struct Raw {
  int64_t count = 0;
};

struct OtherRaw {};

struct HoldsTensor : nn::Module {
  Tensor mean;
  void members(Visitor& v) override { v("mean", mean); }  // says: make it a Parameter (trained) or a Buffer
};

struct HoldsRaw : nn::Module {
  std::vector<OtherRaw> raws;
  void members(Visitor& v) override { v("raws", raws); }  // says: derive the struct from stet::Stateful
};

struct HoldsStream : nn::Module {
  Stream draws{Rng(1)};
  void members(Visitor& v) override { v("draws", draws); }  // says: a Stream has no state that needs saving
};

struct NotConst {
  int64_t size() const { return 1; }
  float get(int64_t) { return 0; }
};

struct NoSize {
  float get(int64_t) const { return 0; }
};

struct Texts {
  int64_t size() const { return 1; }
  std::pair<float, std::string> get(int64_t) const { return {}; }
};

struct Pairs {
  int64_t size() const { return 1; }
  std::pair<float, float> get(int64_t) const { return {}; }
};

void track(Run& run) {
  Raw raw;
  run.track("raw", raw);  // says: derive the struct from stet::Stateful
  const nn::Linear layer(1, 1, run.rng() / "layer");
  run.track("layer", layer);           // says: what is walked must not be const
  run.param("count", uint64_t{1});     // says: a parameter's default is a bool, int
  run.execution("mode", Raw());        // says: a parameter's default is a bool, int
  run.param("rates", {1, 0.5});        // says: a list in braces has elements of one type
  run.param("layers", {});             // says: name that of an empty one
  run.param("wide", {int64_t{1}, 2});  // says: a list in braces has elements of one type
  run.execution("flags", {true, 1});   // says: a list in braces has elements of one type
  run.param("letters", {'a', 'b'});    // says: a parameter's default is a bool, int
}

void load(const Rng& rng) {
  data::Loader(NotConst(), {.batch = 1});                          // says: get(i) must be const
  data::split(NoSize(), {0.5, 0.5}, rng);                          // says: a data set has `int64_t size() const`
  data::Loader(Texts(), {.batch = 1});                             // says: a field of what get(i) returns
  data::map(Pairs(), [](const Tensor& x) { return x; });           // says: map's function takes all fields
  data::augment(Pairs(), rng, [](const Tensor& x) { return x; });  // says: a transform is called with
}

struct Both : nn::Module {
  Tensor operator()(const Tensor& x, const Tensor& y) const { return x + y; }
  void members(Visitor&) override {}
};

void build(const Rng& rng) {
  nn::Sequential activated(nn::Linear(1, 1, rng), gelu);    // says: nn::GELU(), not gelu
  data::evaluate(Pairs(), Both(), nn::MeanSquaredError());  // says: all of a sample's fields but the last
}

void assign(Tensor x) {
  x[0] = ones({2});  // says: deleted
}

}  // namespace
