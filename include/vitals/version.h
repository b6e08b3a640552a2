#pragma once

/// The version of these headers; docs/guide/versions.md says what its numbers promise. The build and
/// the packages read it here.
#define VITALS_VERSION_MAJOR 0
#define VITALS_VERSION_MINOR 1
#define VITALS_VERSION_PATCH 0
#define VITALS_VERSION "0.1.0"
