// Made by coefficients.py; not edited by hand.
// clang-format off
#pragma once

namespace stet::math {

/// 2^(i / 8) as a float.
alignas(32) inline constexpr float kExpRootHigh[8] = {
    0x1p+0, 0x1.172b840000000p+0, 0x1.306fe00000000p+0, 0x1.4bfdae0000000p+0, 0x1.6a09e60000000p+0,
    0x1.8ace540000000p+0, 0x1.ae89fa0000000p+0, 0x1.d5818e0000000p+0,
};

/// 2^(i / 8) - kExpRootHigh[i].
alignas(32) inline constexpr float kExpRootLow[8] = {
    0x0.0p+0, -0x1.c157420000000p-27, 0x1.4636e20000000p-25, -0x1.593abc0000000p-25, 0x1.9fcef40000000p-26,
    0x1.15506e0000000p-27, -0x1.a94b140000000p-26, -0x1.822dbc0000000p-27,
};

/// ln(2) / 8 as the sum of two floats.
inline constexpr float kExpStep[2] = {
    0x1.62e4300000000p-4, -0x1.05c6100000000p-32,
};

/// (e^r - 1 - r) / r^2 on [-1/16, 1/16] ln(2).
inline constexpr float kExpSquare[4] = {
    0x1p-1, 0x1.5555560000000p-3, 0x1.555a420000000p-5, 0x1.10f9b60000000p-7,
};

}  // namespace stet::math
