// Translation by a Transformer with encoder and decoder (Vaswani et al., 2017, arXiv 1706.03762): dates as people write
// them become dates as computers do.
//
//   translate --ask "the 3rd of March, 1998"
//
// The program makes its pairs; a tenth is kept for testing, and counts as right where every character is. At the end it
// translates what it is asked.
#include <iostream>
#include <stdexcept>

#include "stet/stet.h"

using namespace stet;

namespace {

constexpr int64_t kLongest = 28, kStart = 0, kAnswer = 10;  // 0 pads, and begins an answer
const std::string kSymbols = "?abcdefghijklmnopqrstuvwxyz0123456789-/., ";
const std::string kMonths[] = {"january", "february", "march",     "april",   "may",      "june",
                               "july",    "august",   "september", "october", "november", "december"};

// Symbols int64 [length], padded with 0.
Tensor encode(const std::string& text, int64_t length) {
  std::vector<int64_t> symbols(static_cast<size_t>(length), 0);
  for (size_t i = 0; i < std::min(text.size(), symbols.size()); ++i) {
    const size_t at = kSymbols.find(static_cast<char>(std::tolower(text[i])));
    symbols[i] = at == kSymbols.npos ? 0 : static_cast<int64_t>(at);
  }
  return Tensor::from(symbols);
}
std::string decode(const Tensor& symbols) {
  std::string text;
  for (const int64_t s : symbols.to_vector<int64_t>()) text += kSymbols[static_cast<size_t>(s)];
  return text;
}

std::string two_digits(int64_t n) { return (n < 10 ? "0" : "") + std::to_string(n); }
std::string ordinal(int64_t n) {
  const char* ends[] = {"th", "st", "nd", "rd"};
  return std::to_string(n) + ends[n % 10 < 4 && n / 10 != 1 ? n % 10 : 0];
}

/// Pair i: a date in one of five ways, as symbols, how long it is, and the answer.
struct Dates {
  Rng rng;
  int64_t count;

  int64_t size() const { return count; }
  std::tuple<Tensor, int64_t, Tensor> get(int64_t i) const {
    SampleDraws draws(rng, 0, static_cast<uint64_t>(i));
    const int64_t year = 1900 + draws.below(200), month = 1 + draws.below(12), day = 1 + draws.below(28);
    const std::string name = kMonths[month - 1], y = std::to_string(year), d = std::to_string(day);
    const std::string ways[] = {"the " + ordinal(day) + " of " + name + ", " + y, name + " " + d + ", " + y,
                                d + " " + name.substr(0, 3) + " " + y, d + "." + std::to_string(month) + "." + y,
                                std::to_string(month) + "/" + d + "/" + y};
    const std::string& text = ways[draws.below(5)];
    return {encode(text, kLongest), static_cast<int64_t>(text.size()),
            encode(y + "-" + two_digits(month) + "-" + two_digits(day), kAnswer)};
  }
};

/// Symbols and their lengths to the next symbols of an answer.
struct Translator : nn::Module {
  nn::Embedding symbols, places;
  nn::TransformerEncoder encoder;
  nn::TransformerDecoder decoder;
  nn::Linear out;

  Translator(int64_t width, int64_t heads, int64_t layers, const Rng& rng)
      : symbols(static_cast<int64_t>(kSymbols.size()), width, rng / "symbols"),
        places(kLongest, width, rng / "places"),
        encoder(width, heads, layers, rng / "encoder", options(width)),
        decoder(width, heads, layers, rng / "decoder", options(width)),
        out(width, static_cast<int64_t>(kSymbols.size()), rng / "out") {}
  static nn::TransformerOptions options(int64_t width) {
    return {.feedforward = 2 * width, .dropout = 0, .norm_first = true, .final_norm = true};
  }

  Tensor embed(const Tensor& text) { return symbols(text) + places(arange(text.size(1)).to(text.device())); }
  Tensor encode(const Tensor& text, const Tensor& lengths) { return encoder(embed(text), {.lengths = lengths}); }
  /// Logits [B, T, symbols] behind each symbol of `answer` [B, T].
  Tensor decode(const Tensor& answer, const Tensor& memory, const Tensor& lengths) {
    return out(decoder(embed(answer), memory, {.memory_lengths = lengths}));
  }
  void members(Visitor& v) override {
    v("symbols", symbols)("places", places)("encoder", encoder)("decoder", decoder)("out", out);
  }
};

// What a decoder is given: the answer one place later, behind the start.
Tensor shifted(const Tensor& answer) {
  const Tensor start = full({answer.size(0), 1}, kStart, DType::int64, answer.device());
  return concatenate({start, answer.slice(1, 0, answer.size(1) - 1)}, 1);
}

// The answer [B, kAnswer], each symbol the likeliest behind those before it.
Tensor translate(Translator& net, const Tensor& text, const Tensor& lengths) {
  const Evaluation evaluation;
  const Tensor memory = net.encode(text, lengths);
  Tensor answer = full({text.size(0), 1}, kStart, DType::int64, text.device());
  for (int64_t i = 0; i < kAnswer; ++i) {
    const Tensor next = argmax(net.decode(answer, memory, lengths).slice(1, i, i + 1), -1);
    answer = concatenate({answer, next}, 1);
  }
  return answer.slice(1, 1, kAnswer + 1);
}

}  // namespace

int main(int argc, char** argv) {
  Run run(argc, argv, "translate");
  const auto count = run.param("count", 6000, {.above = 9, .help = "pairs that are made"});
  const auto epochs = run.param("epochs", 8, {.above = 0, .help = "passes over the training pairs"});
  const auto batch = run.param("batch", 64, {.above = 0, .help = "pairs a step"});
  const auto width = run.param("width", 64, {.above = 0, .help = "features of a symbol"});
  const auto heads = run.param("heads", 4, {.above = 0, .help = "heads of attention; they divide the width"});
  const auto layers = run.param("layers", 2, {.above = 0, .help = "layers of encoder and decoder"});
  const auto lr = run.param("lr", 2e-3, {.above = 0, .help = "highest learning rate of AdamW"});
  const auto ask = run.param("ask", "the 3rd of March, 1998", {.help = "what to translate at the end"});
  const Rng rng = run.rng();

  auto [train, test] = data::split(Dates{rng / "dates", count}, {0.9, 0.1}, rng / "split");
  data::Loader loader(train, {.batch = batch, .shuffle = rng / "shuffle", .device = run.device()});
  Translator net(width, heads, layers, rng / "net");
  to(net, run.device());
  const int64_t steps = epochs * loader.batches_per_epoch();
  optim::AdamW opt(net, {.lr = lr, .schedule = optim::one_cycle(std::max<int64_t>(steps, 10))});
  const auto right = [&](const Tensor& text, const Tensor& lengths, const Tensor& answer) {
    return min((translate(net, text, lengths) == answer).to(DType::float32), {1});
  };

  run.track("net", net)("opt", opt)("loader", loader);
  for (auto epoch : run.epochs(epochs)) {
    for (auto [text, lengths, answer] : run.steps(loader)) {
      const Tensor logits = net.decode(shifted(answer), net.encode(text, lengths), lengths);
      const Tensor loss = nn::cross_entropy(logits, answer);
      Gradients gradients = backward(loss);
      optim::clip_norm(gradients, net, 1);
      opt.step(gradients);
      run.log("train/loss", loss);
    }
    const double share = data::evaluate(right, test, {.device = run.device()});
    run.log("test/right", share);
    std::cout << "epoch " << epoch + 1 << ": " << share * 100 << " % of the dates are right\n";
  }
  const Tensor text = encode(ask, kLongest).unsqueeze(0).to(run.device());
  const Tensor length =
      full({1}, static_cast<double>(std::min<size_t>(ask.size(), kLongest)), DType::int64, run.device());
  const std::string answer = decode(translate(net, text, length).to(cpu));
  run.log_text("answer", answer);
  std::cout << ask << " -> " << answer << "\n";
}
