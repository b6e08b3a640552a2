#pragma once

// VITALS_HIDDEN in front of a class's name keeps its members inside libvitals.so. It is for classes
// that a public header declares and does not define. GCC gives such a class the visibility of that
// declaration, which is the default one, unless its definition says otherwise. Clang takes a
// definition that says otherwise as an error, so a library built with it shows these members too.
#if defined(__GNUC__) && !defined(__clang__)
#define VITALS_HIDDEN [[gnu::visibility("hidden")]]
#else
#define VITALS_HIDDEN
#endif
