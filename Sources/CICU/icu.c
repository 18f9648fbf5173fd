#include "icu.h"

#include <unicode/ucal.h>
#include <unicode/unorm2.h>
#include <unicode/uspoof.h>
#include <unicode/ustring.h>

#define MARTLET_ZONE_LENGTH 64

const void *martlet_spoof_checker(void) {
    UErrorCode error = U_ZERO_ERROR;
    const USpoofChecker *checker = uspoof_open(&error);
    return U_FAILURE(error) ? 0 : checker;
}

int martlet_skeleton(const void *checker, const char *text, int length, char *into, int room) {
    UErrorCode error = U_ZERO_ERROR;
    int made = uspoof_getSkeletonUTF8((const USpoofChecker *)checker, 0, text, length, into, room, &error);
    return U_FAILURE(error) ? -1 : made;
}

int martlet_casefold(const char *text, int length, char *into, int room) {
    UErrorCode error = U_ZERO_ERROR;
    UChar wide[2000], folded[8000];
    int32_t units = 0, made = 0;
    const UNormalizer2 *rule = unorm2_getNFKCCasefoldInstance(&error);
    u_strFromUTF8(wide, 2000, &units, text, length, &error);
    int32_t count = unorm2_normalize(rule, wide, units, folded, 8000, &error);
    u_strToUTF8(into, room, &made, folded, count, &error);
    return U_FAILURE(error) ? -1 : made;
}

static int martlet_zone_name(const char *name, UChar *into) {
    int length = 0;
    while (name[length]) {
        if (length == MARTLET_ZONE_LENGTH || name[length] & 0x80) return -1;
        into[length] = (UChar)name[length];
        length++;
    }
    return length;
}

int martlet_zone_is_known(const char *name) {
    UErrorCode error = U_ZERO_ERROR;
    UChar wide[MARTLET_ZONE_LENGTH], canonical[MARTLET_ZONE_LENGTH * 2];
    UBool isSystem = 0;
    int length = martlet_zone_name(name, wide);
    if (length < 1) return 0;
    ucal_getCanonicalTimeZoneID(wide, length, canonical, MARTLET_ZONE_LENGTH * 2, &isSystem, &error);
    return U_SUCCESS(error) && isSystem;
}

int martlet_zone_look(const char *name, double at, int *offset, double *changes) {
    UErrorCode error = U_ZERO_ERROR;
    UChar wide[MARTLET_ZONE_LENGTH];
    int length = martlet_zone_name(name, wide), found = 0;
    if (length < 1) return 0;
    UCalendar *calendar = ucal_open(wide, length, "en_US", UCAL_GREGORIAN, &error);
    if (U_FAILURE(error)) return 0;
    ucal_setMillis(calendar, at, &error);
    *offset = ucal_get(calendar, UCAL_ZONE_OFFSET, &error) + ucal_get(calendar, UCAL_DST_OFFSET, &error);
    found = ucal_getTimeZoneTransitionDate(calendar, UCAL_TZ_TRANSITION_NEXT, changes, &error) ? 2 : 1;
    ucal_close(calendar);
    return U_FAILURE(error) ? 0 : found;
}
