#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "tests/unit/temp_folder.h"

namespace vitals {

/// A test with certificates, made by the openssl program in a folder of its own.
class CertificatesTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::string file(const std::string& name) const {
    return folder_.path() + "/" + name;
  }

  /// A certificate that signs itself, NAME.pem, and its key, NAME.key.
  void make(const std::string& name, const std::string& subject, const std::string& more = "") {
    const std::string command =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -days 1 -subj " + subject +
        " -keyout " + file(name + ".key") + " -out " + file(name + ".pem") +
        (more.find("-passout") == std::string::npos ? " -nodes " : " ") + more + " 2>/dev/null";
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
  }

 private:
  TempFolder folder_;
};

}  // namespace vitals
