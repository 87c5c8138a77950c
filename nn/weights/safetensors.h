// safetensors (huggingface.co/docs/safetensors): named tensors as PyTorch, JAX and others exchange them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "stet/tensor/dtype.h"
#include "stet/tensor/tensor.h"

namespace stet::nn {

/// What a file says of one of its tensors.
struct StoredTensor {
  std::string type;            ///< as the file has it: F32, BF16, I64, …
  std::vector<int64_t> shape;  ///< row-major
  DType dtype;                 ///< what it becomes here; float32 too for a type that can't be read
  bool readable = true;        ///< false for a type that has no dtype here, as F8_E4M3
};

/// A safetensors file, or the files that an index names, open: names, types and shapes. Elements are read when they are
/// asked for, so that memory is taken for those alone. Nothing in a file is taken on its word: its header is checked
/// whole before anything else is read, each tensor's place against its shape, its type and the file's own size.
class Safetensors {
 public:
  /// `path`: a file; an index that names several (model.safetensors.index.json); or a folder that holds either under
  /// its usual name. Throws DataError in one line that names file and tensor: a header that is cut, no JSON, nested or
  /// with a name twice; bytes of tensors that overlap, leave gaps or lie outside; a size that the shape does not have;
  /// a tensor that the index puts elsewhere. Throws IoError where a file can't be read.
  explicit Safetensors(const std::filesystem::path& path);
  ~Safetensors();
  Safetensors(Safetensors&&) noexcept;
  Safetensors& operator=(Safetensors&&) noexcept;

  /// All tensors by name, in byte order of the names.
  const std::map<std::string, StoredTensor>& tensors() const { return tensors_; }
  /// The texts that go with them, of the first file.
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  /// The file or index that was read.
  const std::filesystem::path& path() const { return path_; }

  /// One tensor's elements: F16 and BF16 as float32, I8, I16 and U16 as int32, U32 as int64, each exactly; F32, F64,
  /// I32, I64, U8 and BOOL as they are. Throws UsageError on a name that it has not, DataError on a type that has no
  /// counterpart and on a BOOL that is neither 0 nor 1, MemoryError on more than this machine has.
  Tensor read(const std::string& name) const;

 private:
  class File;
  void open(const std::filesystem::path& path);
  void open_index(const std::filesystem::path& index);

  std::filesystem::path path_;
  std::vector<std::unique_ptr<File>> files_;
  std::map<std::string, StoredTensor> tensors_;
  std::map<std::string, const File*> file_of_;
  std::map<std::string, std::string> metadata_;
};

/// All tensors of a file, or of the files that an index names; PyTorch's `safetensors.torch.load_file`. Throws as
/// Safetensors does.
std::map<std::string, Tensor> read_safetensors(const std::filesystem::path& path);

/// Writes tensors atomically, as `safetensors.torch.save_file` does and with its bytes: they follow from names, values
/// and metadata alone. Throws UsageError on a name that is empty, no UTF-8 or "__metadata__"; IoError.
void write_safetensors(const std::filesystem::path& path, const std::map<std::string, Tensor>& tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace stet::nn
