#pragma once
#include <unicode/unorm2.h>
#include <unicode/uspoof.h>
#include <unicode/ustring.h>

// ICU's functions are macros that name its version.

static inline const void *martlet_spoof_checker(void) {
    UErrorCode error = U_ZERO_ERROR;
    const USpoofChecker *checker = uspoof_open(&error);
    return U_FAILURE(error) ? 0 : checker;
}

// UTF-8 to UTF-8. Returns how long the skeleton is; -1: it can't be made.
static inline int martlet_skeleton(const void *checker, const char *text, int length, char *into, int room) {
    UErrorCode error = U_ZERO_ERROR;
    int made = uspoof_getSkeletonUTF8((const USpoofChecker *)checker, 0, text, length, into, room, &error);
    return U_FAILURE(error) ? -1 : made;
}

// NFKC_Casefold, UTF-8 to UTF-8, of at most 2,000 units. Returns how long it is; -1: it can't be made.
static inline int martlet_casefold(const char *text, int length, char *into, int room) {
    UErrorCode error = U_ZERO_ERROR;
    UChar wide[2000], folded[8000];
    int32_t units = 0, made = 0;
    const UNormalizer2 *rule = unorm2_getNFKCCasefoldInstance(&error);
    u_strFromUTF8(wide, 2000, &units, text, length, &error);
    int32_t count = unorm2_normalize(rule, wide, units, folded, 8000, &error);
    u_strToUTF8(into, room, &made, folded, count, &error);
    return U_FAILURE(error) ? -1 : made;
}
