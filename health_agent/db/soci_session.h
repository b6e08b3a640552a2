#pragma once

// The one way into SOCI, for the .cc files of this room. Debian's libsoci-dev says that it was
// built with Boost but does not depend on it; only convenience overloads in its headers would use
// it.
#include <soci/soci-config.h>
#undef SOCI_HAVE_BOOST
#undef SOCI_HAVE_BOOST_DATE_TIME

#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>
