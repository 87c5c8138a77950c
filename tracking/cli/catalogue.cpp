#include "stet/tracking/cli/catalogue.h"

#include <nlohmann/json.hpp>

#include "stet/data/files.h"
#include "stet/tensor/error.h"

namespace stet::tracking::cli {
namespace {

// The digests of MNIST and Fashion-MNIST are those of their authors' .gz files, of CIFAR those that its page has.
constexpr char kOwn[] = R"json({
  "mnist": {
    "title": "MNIST: 70,000 handwritten digits",
    "licence": "CC BY-SA 3.0",
    "home": "http://yann.lecun.com/exdb/mnist/",
    "from": ["https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/",
             "http://yann.lecun.com/exdb/mnist/"],
    "files": [
      {"name": "train-images-idx3-ubyte.gz", "bytes": 9912422, "md5": "f68b3c2dcbeaaa9fbdd348bbdeb94873"},
      {"name": "train-labels-idx1-ubyte.gz", "bytes": 28881, "md5": "d53e105ee54ea40749a09fcbcd1e9432"},
      {"name": "t10k-images-idx3-ubyte.gz", "bytes": 1648877, "md5": "9fb629c4189551a2d022fa330f9573f3"},
      {"name": "t10k-labels-idx1-ubyte.gz", "bytes": 4542, "md5": "ec29112dd5afa0611ce80d1b7f02629c"}]
  },
  "fashion-mnist": {
    "title": "Fashion-MNIST: 70,000 pictures of clothes",
    "licence": "MIT",
    "home": "https://github.com/zalandoresearch/fashion-mnist",
    "from": ["http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
             "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/"],
    "files": [
      {"name": "train-images-idx3-ubyte.gz", "bytes": 26421880, "md5": "8d4fb7e6c68d591d4c3dfef9ec88bf0d"},
      {"name": "train-labels-idx1-ubyte.gz", "bytes": 29515, "md5": "25c81989df183df01b3e8a0aad5dffbe"},
      {"name": "t10k-images-idx3-ubyte.gz", "bytes": 4422102, "md5": "bef4ecab320f06d8554ea6380940ec79"},
      {"name": "t10k-labels-idx1-ubyte.gz", "bytes": 5148, "md5": "bb300cfdad3c16e7a12a480ee83cd310"}]
  },
  "cifar10": {
    "title": "CIFAR-10: 60,000 pictures of ten kinds",
    "licence": "none stated; cite Krizhevsky, 2009, Learning Multiple Layers of Features from Tiny Images",
    "home": "https://www.cs.toronto.edu/~kriz/cifar.html",
    "from": ["https://www.cs.toronto.edu/~kriz/"],
    "files": [
      {"name": "cifar-10-binary.tar.gz", "bytes": 170052171, "md5": "c32a1d4ab5d03f1284b67883e8d87530",
       "members": ["cifar-10-batches-bin/data_batch_1.bin", "cifar-10-batches-bin/data_batch_2.bin",
                   "cifar-10-batches-bin/data_batch_3.bin", "cifar-10-batches-bin/data_batch_4.bin",
                   "cifar-10-batches-bin/data_batch_5.bin", "cifar-10-batches-bin/test_batch.bin"]}]
  },
  "cifar100": {
    "title": "CIFAR-100: 60,000 pictures of a hundred kinds",
    "licence": "none stated; cite Krizhevsky, 2009, Learning Multiple Layers of Features from Tiny Images",
    "home": "https://www.cs.toronto.edu/~kriz/cifar.html",
    "from": ["https://www.cs.toronto.edu/~kriz/"],
    "files": [
      {"name": "cifar-100-binary.tar.gz", "bytes": 168513733, "md5": "03b5dce01913d631647c71ecec9e9cb8",
       "members": ["cifar-100-binary/train.bin", "cifar-100-binary/test.bin"]}]
  },
  "tinyshakespeare": {
    "title": "Tiny Shakespeare: 1,115,394 characters of his plays",
    "licence": "public domain",
    "home": "https://github.com/karpathy/char-rnn",
    "from": ["https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/"],
    "files": [
      {"name": "input.txt", "bytes": 1115394,
       "sha256": "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"}]
  }
})json";

using Json = nlohmann::ordered_json;

// A name in a folder, and no way out of it.
bool is_plain(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == name.npos && name.find('\0') == name.npos;
}

RemoteFile file_of(const Json& json, const std::vector<std::string>& bases) {
  RemoteFile file;
  file.name = json.at("name").get<std::string>();
  if (!is_plain(file.name)) raise("'{}' is no file's name", file.name);
  file.algorithm = json.contains("sha256") ? "sha256" : "md5";
  file.digest = json.at(file.algorithm).get<std::string>();
  const size_t length = file.algorithm == "sha256" ? 64 : 32;
  if (file.digest.size() != length || file.digest.find_first_not_of("0123456789abcdef") != file.digest.npos)
    raise("the {} of '{}' is not {} hexadecimal digits", file.algorithm, file.name, length);
  file.bytes = json.at("bytes").get<int64_t>();
  if (file.bytes < 0) raise("'{}' has {} bytes", file.name, file.bytes);
  for (const std::string& base : bases) file.from.push_back(base + file.name);
  file.members = json.value("members", std::vector<std::string>());
  for (const std::string& member : file.members) {
    if (!is_plain(member.substr(member.rfind('/') + 1))) raise("'{}' is no member's name", member);
  }
  return file;
}

std::vector<RemoteDataset> parse(const std::string& text) {
  std::vector<RemoteDataset> all;
  const Json catalogue = Json::parse(text);
  for (const auto& [name, json] : catalogue.items()) {
    RemoteDataset set{name, json.value("title", name), json.value("licence", "not stated"), json.value("home", ""), {}};
    if (!is_plain(name)) raise("'{}' is no data set's name", name);
    const auto bases = json.at("from").get<std::vector<std::string>>();
    for (const Json& file : json.at("files")) set.files.push_back(file_of(file, bases));
    all.push_back(std::move(set));
  }
  return all;
}

}  // namespace

std::vector<RemoteDataset> read_catalogue(const std::string& path) {
  const std::string text = path.empty() ? kOwn : data::read_file(path).bytes;
  try {
    return parse(text);
  } catch (const Json::exception& error) {
    raise<DataError>("{}: is no catalogue of data sets: {}", path, error.what());
  } catch (const UsageError& error) { raise<DataError>("{}: {}", path, error.what()); }
}

}  // namespace stet::tracking::cli
