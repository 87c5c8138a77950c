// A GPT that learns a text character by character, with nanoGPT's settings for a CPU.
//
//   char_gpt --data DIR --sample 500
//
// DIR holds input.txt, as Shakespeare's plays in tinyshakespeare; a file's own path does too. The last tenth of the
// text is kept for validation. At the end the program writes text of its own.
#include <iostream>
#include <limits>

#include "models/char_gpt.h"

using namespace stet;

namespace {

struct Sampling {
  int64_t length, top_k;
  double temperature, top_p;
  bool cache;
};

// Logits [1, V] of which those that are not to be drawn are -infinity: all but the k largest, and all but the likeliest
// whose probabilities add up to p (Holtzman et al., 2020, arXiv 1904.09751).
Tensor kept(Tensor logits, const Sampling& s) {
  constexpr double never = -std::numeric_limits<double>::infinity();
  if (s.top_k > 0 && s.top_k < logits.size(1)) {
    const Tensor least = topk(logits, s.top_k).values.slice(1, -1, s.top_k);
    logits = logits.masked_fill(logits < least, never);
  }
  if (s.top_p < 1) {
    const auto [values, order] = sort(logits, -1, true);
    const Tensor share = softmax(values), before = cumsum(share, 1) - share;
    logits = scatter(logits, 1, order, values.masked_fill(before >= s.top_p, never));
  }
  return logits;
}

// Symbols drawn from the model one after another, each from the distribution that it gives after those before it. It
// looks back on a window of at most a block; one that is full drops its first half.
Tensor generate(models::CharGpt& net, const models::GptShape& shape, const Sampling& s, Stream& draws, Device device) {
  const Evaluation evaluation;
  nn::KvCache cache(shape.layers, 1, shape.block);
  Tensor text = zeros({1, 1}, DType::int64, device);
  int64_t begin = 0;
  for (int64_t i = 0; i < s.length; ++i) {
    const int64_t end = text.size(1);
    if (end - begin > shape.block) {
      begin = end - std::max<int64_t>(1, shape.block / 2);
      cache.clear();
    }
    const Tensor seen = text.slice(1, s.cache ? begin + cache.length() : begin, end);
    const Tensor logits = net(seen, s.cache ? &cache : nullptr).slice(1, -1, seen.size(1)).squeeze(1);
    const Tensor next = multinomial(draws, softmax(kept(logits / s.temperature, s)), 1);
    text = concatenate({text, next}, 1);
  }
  return text.slice(1, 1, s.length + 1).flatten();
}

}  // namespace

int main(int argc, char** argv) {
  Run run(argc, argv, "char_gpt");
  const auto folder =
      run.path("data", "data/tinyshakespeare", {.help = "the text: a file, or a folder that holds input.txt"});
  const auto steps = run.param("steps", 2000, {.above = 0, .help = "steps of training"});
  const auto batch = run.param("batch", 12, {.above = 0, .help = "windows of the text a step"});
  models::GptShape shape;
  shape.block = run.param("block", 64, {.above = 0, .help = "characters a window"});
  shape.width = run.param("width", 128, {.above = 0, .help = "features of a character"});
  shape.heads = run.param("heads", 4, {.above = 0, .help = "heads of attention; they divide the width"});
  shape.layers = run.param("layers", 4, {.above = 0, .help = "layers"});
  const auto lr = run.param("lr", 1e-3, {.above = 0, .help = "highest learning rate of AdamW; it ends at a tenth"});
  const auto warm_up = run.param("warm-up", 100, {.from = 0, .help = "steps in which the rate rises to its highest"});
  const auto every = run.param("evaluate-every", 250, {.above = 0, .help = "steps between validations"});
  Sampling sampling;
  sampling.length = run.param("sample", 0, {.from = 0, .help = "characters that the model writes at the end"});
  sampling.temperature = run.param("temperature", 0.8, {.above = 0, .help = "of the sample: lower is more cautious"});
  sampling.top_k = run.param("top-k", 0, {.from = 0, .help = "draw from the likeliest so many characters; 0: all"});
  sampling.top_p =
      run.param("top-p", 1.0, {.above = 0, .to = 1, .help = "draw from the likeliest that make up this part"});
  sampling.cache = run.execution("cache", true, {.help = "keep what attention has seen; no result depends on it"});
  const Rng rng = run.rng();

  const data::Text text = data::read_text(folder);
  const int64_t kept = text.size() * 9 / 10;
  const data::Windows train(text.part(0, kept, "train"), shape.block);
  const data::Windows rest(text.part(kept, text.size(), "validation"), shape.block);
  const auto validation = data::subset(rest, rest.in_a_row());
  shape.vocabulary = text.vocabulary();

  models::CharGpt net(shape, rng / "net");
  to(net, run.device());
  optim::AdamW opt(net,
                   {.lr = lr,
                    .beta2 = 0.99,
                    .weight_decay = 0.1,
                    .schedule = optim::warm_up(warm_up, optim::cosine(std::max(1, steps - warm_up), 0.1))},
                   {{"*norm*", {.weight_decay = 0}}});
  Stream windows(rng / "windows"), draws(rng / "sample");
  Kept<double> loss_now(run, "validation", 0.0);
  const auto losses = [&](const Tensor& x, const Tensor& y) { return mean(cross_entropy_rows(net(x), y), {1}); };

  run.track("net", net)("opt", opt);
  for (int64_t step : run.steps(steps)) {
    const Tensor indices = random_integers(windows, {batch}, 0, train.size());
    const std::vector<Tensor> xy = train.batch(indices.span<int64_t>());
    const Tensor loss = nn::cross_entropy(net(xy[0].to(run.device())), xy[1].to(run.device()));
    Gradients gradients = backward(loss);
    optim::clip_norm(gradients, net, 1);
    opt.step(gradients);
    run.log("train/loss", loss);
    if ((step + 1) % every == 0 || step + 1 == steps) {
      loss_now = data::evaluate(losses, validation, {.batch = 64, .device = run.device()});
      run.log("validation/loss", loss_now);
      std::cout << "step " << step + 1 << ": validation loss " << loss_now << "\n";
    }
  }
  std::cout << "validation loss " << loss_now << " after " << steps << " steps\n";
  if (sampling.length > 0) {
    const std::string sample = text.decode(generate(net, shape, sampling, draws, run.device()));
    run.log_text("sample", sample);
    std::cout << sample << "\n";
  }
}
