// Digests that a GPU computes against the CPU's.
#include <cstring>

#include "cuda/device.h"
#include "stet/tensor/backend.h"
#include "stet/tensor/digest.h"
#include "tensor/bits.h"

namespace stet {
namespace {

using testing::awkward, testing::device, testing::in_orders;

void expect_same(const Tensor& x) {
  EXPECT_EQ(digest("x", x.to(device())).hex(), digest("x", x).hex()) << name_of(x.dtype()) << ' ' << x.elements();
}

std::vector<Digest> digests_of(Backend& on, const std::vector<DigestTask>& tasks) {
  std::vector<Digest> found(tasks.size());
  const auto read = on.digests(tasks);
  std::memcpy(found.data(), read->bytes().data(), read->bytes().size());
  return found;
}

TEST(CudaDigest, OfEveryLengthAndType) {
  in_orders([] {
    for (int64_t n :
         {0, 1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 511, 512, 513, 1023, 1024, 1025, 20011}) {
      for (DType dtype : {DType::float32, DType::float64, DType::int32, DType::int64, DType::uint8, DType::boolean})
        expect_same(awkward({n}, 1).to(dtype));
    }
  });
}

TEST(CudaDigest, OfUnalignedElements) {
  for (DType dtype : {DType::float32, DType::float64, DType::int32, DType::int64, DType::uint8, DType::boolean}) {
    const Tensor x = awkward({1000}, 1).to(dtype), on_gpu = x.to(device());
    for (int64_t offset : {1, 2, 3, 4, 8, 16}) {
      EXPECT_EQ(digest("x", on_gpu.slice(0, offset, 999)).hex(), digest("x", x.slice(0, offset, 999)).hex())
          << name_of(dtype) << ' ' << offset;
    }
  }
}

TEST(CudaDigest, OfManyAtOnce) {
  constexpr DType kTypes[] = {DType::float32, DType::float64, DType::int32, DType::int64, DType::uint8, DType::boolean};
  constexpr int64_t kSizes[] = {0, 1, 7, 70, 700, 20011};  // the last takes several blocks
  std::vector<DigestTask> tasks;
  std::vector<Digest> want;
  for (size_t i = 0; i < 250; ++i) {
    const Tensor x =
        awkward({kSizes[i % 6] + 3}, i).to(kTypes[i / 6 % 6]).slice(0, static_cast<int64_t>(i % 3), kSizes[i % 6]);
    const DigestSalt salt(std::to_string(i), "", "");
    want.push_back(digests_of(backend(cpu), std::vector<DigestTask>{{salt, x}})[0]);
    tasks.push_back({salt, x.to(device())});
  }
  in_orders([&] {
    const std::vector<Digest> got = digests_of(backend(device()), tasks);
    for (size_t i = 0; i < want.size(); ++i) EXPECT_EQ(got[i], want[i]) << "tensor " << i;
  });
}

TEST(CudaDigest, TakesEveryNaNAsOne) {
  std::vector<float> odd{1, std::bit_cast<float>(0xffc12345u), 2}, plain{1, std::numeric_limits<float>::quiet_NaN(), 2};
  EXPECT_EQ(digest("x", Tensor::from(odd).to(device())).hex(), digest("x", Tensor::from(plain)).hex());
}

}  // namespace
}  // namespace stet
