// Weights of others: a net's cells from safetensors files by name, and into one that PyTorch loads.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "stet/tensor/stateful.h"

namespace stet::nn {

/// Every match of a regular expression (ECMAScript's) in a name is replaced; $1 in the replacement is its first group:
/// `{R"(h\.(\d+)\.)", "layers.$1."}`.
struct Rename {
  std::string pattern, replacement;
};

/// Tensors of the file that are one cell of the net, put one behind another along their first axis: of queries, keys
/// and values `{{"query", "key", "value"}, "qkv"}`. Each part is a regular expression that is searched in the renamed
/// names, and the whole takes the place of what it matches, as in Rename.
struct Join {
  std::vector<std::string> parts;
  std::string whole;
};

/// The other way round: a tensor of the file that holds several cells, each with as many rows as it has here:
/// `{"c_attn", {"q_proj", "k_proj", "v_proj"}}`.
struct Split {
  std::string whole;
  std::vector<std::string> parts;
};

struct LoadOptions {
  std::vector<Rename> rename = {};          ///< from the file's names to the net's, one after another
  std::vector<Join> join = {};              ///< what is several in the file, after it was transposed
  std::vector<Split> split = {};            ///< what is one in the file, after it was transposed
  std::vector<std::string> transpose = {};  ///< matrices that the file has the other way round; others have one axis
  std::vector<std::string> ignore = {};     ///< tensors of the file that are passed over
  std::string prefix = {};                  ///< taken off the names that begin with it, before they are renamed
  bool partial = false;  ///< cells that the file lacks keep their values, and what the net lacks is passed over
};

/// What load() did. Names of the net are as PyTorch would write them, with '.'.
struct LoadReport {
  std::vector<std::string> loaded;      ///< cells of the net that have the file's values now
  std::vector<std::string> missing;     ///< cells that the file lacks; none unless partial
  std::vector<std::string> unexpected;  ///< tensors of the file that no cell is named for; none unless partial
  std::vector<std::string> ignored;     ///< tensors of the file that `ignore` names

  /// "loaded 148 tensors; missing: head.weight, head.bias": one line.
  std::string summary() const;
};

/// Sets a net's parameters and buffers from a safetensors file, an index of several, or a folder of either:
///
///     auto report = nn::load(net, "model.safetensors", {.rename = {{R"(h\.(\d+)\.)", "layers.$1."}},
///                                                       .transpose = {"*c_attn.weight"}, .prefix = "model."});
///
/// A cell is found by its path in the walk with '.' for '/', or by PyTorch's name where a layer has another there
/// (nn::LSTM: weight_ih_l0; nn::MultiHeadAttention: in_proj_weight; batches_tracked: num_batches_tracked). In
/// `transpose` and `ignore`, * stands for any characters and ? for one; they are held against the file's own names.
/// Float16 and bfloat16 widen exactly; other floating types are converted with one rounding, integers widen. Cells stay
/// on their device.
///
/// All or nothing: every name, type and shape is checked before a tensor is read, and all are read before one is set.
/// Throws UsageError in one line that lists what is missing, what is unexpected (with the nearest name) and which
/// shapes differ; also on two tensors for one cell, on a pattern of `transpose` that nothing matches, and where a
/// partial load would load nothing. Throws as Safetensors does.
LoadReport load(Stateful& net, const std::filesystem::path& path, const LoadOptions& options = {});

struct SaveOptions {
  std::vector<Rename> rename = {};          ///< from the net's names, as PyTorch's layers have them, to the file's
  std::vector<std::string> transpose = {};  ///< matrices that the file has the other way round, by the file's names
  std::string prefix = {};                  ///< put before all names after they were renamed
  std::map<std::string, std::string> metadata = {{"format", "pt"}};  ///< Transformers refuses a file without this
  /// Bytes of tensors a file: more go into several, NAME-00001-of-00002.safetensors and so on, and their index,
  /// NAME.safetensors.index.json, is written last. A tensor that has more is alone in a file. 0: all in one.
  int64_t shard_bytes = 0;
};

/// Writes a net's parameters and buffers, under the names that PyTorch gives the same layers, so that its
/// `load_state_dict` takes them as they are; a tied cell under all of its names. Each file is whole or not there; the
/// bytes follow from names and values alone. Returns the names. Throws UsageError where two cells get one name, or a
/// pattern of `transpose` matches nothing; IoError.
std::vector<std::string> save(Stateful& net, const std::filesystem::path& path, const SaveOptions& options = {});

}  // namespace stet::nn
