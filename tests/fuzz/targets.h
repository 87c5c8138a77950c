// What reads files that others may have made, each as a function of bytes that libFuzzer can change: see run.sh.
#pragma once

#include <cstdint>
#include <span>

namespace stet::fuzz {

using Input = std::span<const uint8_t>;

// Each returns, or ends the process: what a reader refuses, it refuses by an error of one line that names the file.
void checkpoint(Input input);  ///< the bytes behind a checkpoint's user block, which is made to fit them
void record(Input input);      ///< run.json
void event_log(Input input);   ///< the first byte says whether the rest are a segment's bytes, or events to be framed
void gzip(Input input);
void csv(Input input);
void idx(Input input);
void png(Input input);  ///< an image to be written and read back
void config(Input input);
void safetensors(Input input);  ///< a file of weights, and the same bytes as an index
void npy(Input input);
void npz(Input input);
void query(Input input);    ///< a condition, and terms, asked of a run that has a few things
void request(Input input);  ///< what a connection of `stet ui` brings, at once and byte by byte
void image(Input input);    ///< a PNG file to be read, as it is and with checksums that fit
void sftp(Input input);     ///< what a server answers: the first byte says to what, and whether in packets that fit
void index(Input input);    ///< a packed column of the index of runs; the first byte says which

struct Target {
  const char* name;
  void (*run)(Input);
};
inline constexpr Target kTargets[] = {{"checkpoint", checkpoint},
                                      {"record", record},
                                      {"event_log", event_log},
                                      {"gzip", gzip},
                                      {"csv", csv},
                                      {"idx", idx},
                                      {"png", png},
                                      {"config", config},
                                      {"safetensors", safetensors},
                                      {"npy", npy},
                                      {"npz", npz},
                                      {"image", image},
                                      {"query", query},
                                      {"request", request},
                                      {"sftp", sftp},
                                      {"index", index}};

}  // namespace stet::fuzz
