// STET_ADDRESS_SANITIZER is defined where the address sanitizer is at work; compilers say so in different ways.
#pragma once

#if defined(__SANITIZE_ADDRESS__)
#define STET_ADDRESS_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define STET_ADDRESS_SANITIZER
#endif
#endif
