"""The library as a Conan 2 package: `conan create packaging/conan`."""
import os
import re

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeToolchain, CMakeDeps, cmake_layout
from conan.tools.files import copy, load

# A component, those that it needs, and the packages that it links.
COMPONENTS = {
    "metrics": ([], []),
    "export": (["metrics"], ["libcurl::libcurl", "libdeflate::libdeflate", "openssl::ssl"]),
    "stack": ([], ["elfutils::elfutils"]),
    "context": ([], []),
    "sentry": (["context", "stack"], ["libcurl::libcurl", "libdeflate::libdeflate"]),
    "otlp": (["metrics", "context", "stack"], ["libcurl::libcurl", "libdeflate::libdeflate"]),
    "monitor": (["metrics", "sentry"], []),
    "console": (["export", "monitor", "otlp"], []),
    "testing": (["export", "sentry"], ["zlib::zlib"]),
}


class VitalsConan(ConanFile):
    name = "vitals"
    license = "MIT"
    description = "Monitoring for C++ services: Prometheus metrics, Sentry errors and traces, and the glue between them"
    topics = ("monitoring", "prometheus", "sentry", "opentelemetry", "tracing")
    settings = "os", "compiler", "build_type", "arch"
    options = {"shared": [True, False], "fPIC": [True, False], **{name: [True, False] for name in COMPONENTS if name != "metrics"}}
    # A checkout has the console's page after `npm ci` only, so the console is asked for.
    default_options = {"shared": False, "fPIC": True, **{name: name != "console" for name in COMPONENTS if name != "metrics"}}

    @property
    def _root(self):
        return os.path.join(self.recipe_folder, "..", "..")

    def set_version(self):
        self.version = re.search(r'VITALS_VERSION "(.*)"', load(self, os.path.join(self._root, "include", "vitals", "version.h"))).group(1)

    def export_sources(self):
        for pattern in ("CMakeLists.txt", "LICENSE", "cmake/*", "include/*", "src/*", "console/*.js", "console/*.html", "console/*.css", "console/*.svg", "console/packed/*"):
            copy(self, pattern, self._root, self.export_sources_folder)

    @property
    def _components(self):
        """Those that were asked for, and those that these need."""
        found = []

        def add(name):
            if name not in found:
                for needed in COMPONENTS[name][0]:
                    add(needed)
                found.append(name)

        add("metrics")
        for name in COMPONENTS:
            if name != "metrics" and self.options.get_safe(name):
                add(name)
        return found

    def config_options(self):
        if self.options.shared:
            self.options.rm_safe("fPIC")

    def layout(self):
        cmake_layout(self)

    def requirements(self):
        linked = {package.split("::")[0] for name in self._components for package in COMPONENTS[name][1]}
        for package, version in (("libcurl", "[>=7.88 <9]"), ("libdeflate", "[>=1.14]"), ("elfutils", "[>=0.188]"), ("openssl", "[>=3 <4]"), ("zlib", "[>=1.2.13 <2]")):
            if package in linked:
                self.requires(f"{package}/{version}")

    def validate(self):
        check_min_cppstd(self, 20)

    def generate(self):
        CMakeDeps(self).generate()
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables["VITALS_COMPONENTS"] = ";".join(self._components)
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        CMake(self).install()

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "vitals")
        for name in self._components:
            needs, packages = COMPONENTS[name]
            component = self.cpp_info.components[name]
            component.set_property("cmake_target_name", f"vitals::{name}")
            component.set_property("pkg_config_name", f"vitals-{name}")
            component.libs = ["vitals"]
            component.requires = [*needs, *packages]
            component.system_libs = ["pthread"]
