#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>

#include "stack/function_name.h"
#include "stack/source_lines.h"
#include "vitals/stack/symbolizer.h"
#include "vitals/stack/throw.h"
#include "vitals/stack/walk.h"

namespace vitals::stack::detail {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

[[gnu::noinline]] std::uintptr_t here() {
  return reinterpret_cast<std::uintptr_t>(__builtin_return_address(0));
}

class SymbolizerTest : public ::testing::Test {
 protected:
  Frame frame_of(std::uintptr_t address, std::shared_ptr<const ModuleMap> modules = nullptr,
                 Innermost innermost = Innermost::kReturnAddress) {
    if (!modules) modules = current_modules();
    Symbolizer symbolizer{options};
    const auto frames = symbolizer.frames(std::array{address}, modules, innermost);
    EXPECT_FALSE(frames.empty());
    return frames.empty() ? Frame{} : frames.back();
  }
  /// This process' modules, but with its executable as `change` makes it.
  template <class Change>
  static std::shared_ptr<const ModuleMap> changed(Change change) {
    ModuleMap map = *current_modules();
    for (Module& module : map) {
      if (find_module(map, here()) == &module) change(module);
    }
    return std::make_shared<const ModuleMap>(std::move(map));
  }
  std::filesystem::path file(std::string_view name, std::string_view text) {
    const std::filesystem::path path =
        std::filesystem::path{::testing::TempDir()} /
        ("symbolizer_test." + std::to_string(getpid()) + "." + std::string{name});
    std::ofstream{path} << text;
    made.push_back(path);
    return path;
  }
  ~SymbolizerTest() override {
    for (const auto& path : made)
      std::filesystem::remove(path);
  }

  SymbolizerOptions options;
  std::vector<std::filesystem::path> made;
};

TEST_F(SymbolizerTest, AReturnAddressIsNamedByTheCallBeforeIt) {
  options.in_app_include = {"vitals::stack::"};  // where this test stands
  const std::uintptr_t address = here();
  const int line = __LINE__ - 1;
  const Frame frame = frame_of(address);
  EXPECT_THAT(frame.function, EndsWith("::TestBody"));
  EXPECT_THAT(frame.filename, EndsWith("stack/symbolizer_test.cc"));
  EXPECT_EQ(frame.line, line);
  EXPECT_EQ(frame.address, address - 1);
  EXPECT_TRUE(frame.in_app);
}

TEST_F(SymbolizerTest, AnInstructionIsLookedUpAsItIs) {
  const auto entry = reinterpret_cast<std::uintptr_t>(&here);
  EXPECT_THAT(frame_of(entry, nullptr, Innermost::kInstruction).function, EndsWith("::here"));
  EXPECT_THAT(frame_of(entry).function, Not(EndsWith("::here")));
}

TEST_F(SymbolizerTest, AFunctionOfTheSystemIsNamedAndIsNotTheServicesOwn) {
  const auto in_qsort = reinterpret_cast<std::uintptr_t>(dlsym(RTLD_DEFAULT, "qsort")) + 1;
  const Frame frame = frame_of(in_qsort);
  // Where the system's store of debug information has it, it has another name there.
  EXPECT_THAT(frame.function, EndsWith("qsort"));
  EXPECT_FALSE(frame.in_app);
}

TEST_F(SymbolizerTest, AFileThatIsNotTheMappedOneGivesNoNames) {
  const auto modules = changed([](Module& module) { module.build_id = "12345678901234567890"; });
  const Frame frame = frame_of(here(), modules);
  EXPECT_THAT(frame.function, IsEmpty());
  EXPECT_THAT(frame.package, EndsWith("stack_test"));
}

TEST_F(SymbolizerTest, AnExecutableThatWasReplacedOnDiskIsStillRead) {
  const auto gone = changed([](Module& module) { module.path = "/no/such/file (deleted)"; });
  EXPECT_THAT(frame_of(here(), gone).function, EndsWith("::TestBody"));
}

TEST_F(SymbolizerTest, NoFileAndNoElfFileAndAShortenedOneAreNoNames) {
  const std::string self = std::filesystem::read_symlink("/proc/self/exe");
  std::ifstream stream{self, std::ios::binary};
  const std::string whole{std::istreambuf_iterator<char>{stream}, {}};
  std::vector<std::string> paths{"/no/such/file",
                                 "/dev/zero",
                                 "/tmp",
                                 "",
                                 file("text", "no ELF file at all").string(),
                                 file("empty", "").string()};
  for (const std::size_t size :
       {4UL, 52UL, 63UL, 64UL, 1000UL, whole.size() / 2, whole.size() - 100}) {
    paths.push_back(file(std::to_string(size), whole.substr(0, size)).string());
  }
  // Its headers are whole, its sections are noise.
  std::string noise = whole;
  for (std::size_t i = 4096; i < noise.size(); i += 3) {
    noise[i] = static_cast<char>(i * 2654435761U >> 24);
  }
  paths.push_back(file("noise", noise).string());
  for (const std::string& path : paths) {
    const auto modules = changed([&](Module& module) {
      module.path = path;
      module.build_id.clear();
    });
    const Frame frame = frame_of(here(), modules);
    EXPECT_EQ(frame.package, path);
    EXPECT_NE(frame.address, 0U);
  }
}

TEST_F(SymbolizerTest, AnAddressOutsideOfEveryModuleIsAFrameWithoutAName) {
  const Frame frame = frame_of(0x1000);
  EXPECT_EQ(frame.address, 0xFFFU);
  EXPECT_THAT(frame.function + frame.package, IsEmpty());
  EXPECT_FALSE(frame.in_app);
  EXPECT_THAT(Symbolizer{}.frames({}), IsEmpty());
  EXPECT_EQ(frame_of(0).address, 0U);
  EXPECT_EQ(frame_of(UINTPTR_MAX).address, UINTPTR_MAX - 1);
}

TEST_F(SymbolizerTest, TheLongerMatchSaysWhatIsTheServicesOwn) {
  const std::uintptr_t address = here();
  options.in_app_exclude = {"vitals::"};
  EXPECT_FALSE(frame_of(address).in_app);
  options.in_app_include = {"vitals::stack::detail"};
  EXPECT_TRUE(frame_of(address).in_app);
}

TEST_F(SymbolizerTest, SourceStandsAroundTheLine) {
  options.source_context = true;
  const std::uintptr_t address = here();  // this very line
  const Frame frame = frame_of(address);
  EXPECT_THAT(frame.context_line, EndsWith("// this very line"));
  EXPECT_THAT(frame.pre_context, SizeIs(5));
  EXPECT_THAT(frame.post_context, SizeIs(5));
  EXPECT_THAT(frame.pre_context.back(), ::testing::HasSubstr("source_context = true"));
}

TEST(SourceLines, AreCutAtTheFilesEndsAndAtALinesLength) {
  const std::string path = ::testing::TempDir() + "/source_lines_test." + std::to_string(getpid());
  std::ofstream{path} << "one\r\n" << std::string(1000, 'x') << "\n\nlast";
  SourceLines lines;
  Frame frame;
  frame.abs_path = path;
  frame.line = 2;
  lines.add_context(frame);
  EXPECT_THAT(frame.pre_context, ElementsAre("one"));
  EXPECT_EQ(frame.context_line, std::string(256, 'x'));
  EXPECT_THAT(frame.post_context, ElementsAre("", "last"));
  Frame past;
  past.abs_path = path;
  past.line = 5;
  lines.add_context(past);
  EXPECT_THAT(past.context_line, IsEmpty());
  std::filesystem::remove(path);
}

TEST(SourceLines, OnlyRegularFilesAreRead) {
  const std::string pipe = ::testing::TempDir() + "/source_pipe_test." + std::to_string(getpid());
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  SourceLines lines;
  for (const std::string& path : {pipe, std::string{"/dev/zero"}, std::string{"/"},
                                  std::string{"relative.cc"}, std::string{"/no/such/file"}}) {
    Frame frame;
    frame.abs_path = path;
    frame.line = 1;
    lines.add_context(frame);
    EXPECT_THAT(frame.context_line, IsEmpty()) << path;
  }
  std::filesystem::remove(pipe);
}

[[gnu::noinline]] void throw_here() {
  throw std::runtime_error{"thrown"};
}

/// The innermost function of the throw of what `recorded` says, empty where none is known.
std::string thrown_in(bool recorded) {
  std::optional<ThrowRecording> recording;
  if (recorded) recording.emplace();
  std::array<std::uintptr_t, kMaxThrowDepth> addresses{};
  std::size_t depth = 0;
  try {
    throw_here();
  } catch (const std::exception& error) {
    depth = throw_stack(error, addresses);
  }
  const auto frames = Symbolizer{}.frames(std::span{addresses}.first(depth));
  return frames.empty() ? std::string{} : frames.back().function;
}

TEST(Throws, AreRecordedWhileSomebodyWantsThem) {
  EXPECT_EQ(thrown_in(false), "");
  EXPECT_THAT(thrown_in(true), EndsWith("::throw_here"));
  const ThrowRecording longer;
  EXPECT_THAT(thrown_in(true), EndsWith("::throw_here"));
  EXPECT_THAT(thrown_in(false), EndsWith("::throw_here"));
}

[[gnu::noinline]] std::size_t stack_here(std::span<std::uintptr_t> out) {
  const std::size_t depth = current_stack(out);
  return depth;
}

TEST(CurrentStack, BeginsWithItsCaller) {
  std::array<std::uintptr_t, kMaxThrowDepth> addresses{};
  const std::size_t depth = stack_here(addresses);
  ASSERT_GT(depth, 2U);
  const auto frames = Symbolizer{}.frames(std::span{addresses}.first(depth));
  EXPECT_THAT(frames.back().function, EndsWith("::stack_here"));
  EXPECT_THAT(frames[frames.size() - 2].function, EndsWith("::TestBody"));
}

TEST(FunctionName, HasNeitherParametersNorResult) {
  EXPECT_EQ(without_signature("main"), "main");
  EXPECT_EQ(without_signature("a::b(int, std::vector<int>) const"), "a::b");
  EXPECT_EQ(without_signature("std::vector<int> a::make<int (*)(char)>(int (*)(char))"),
            "a::make<int (*)(char)>");
  EXPECT_EQ(without_signature("a::b::operator()(int) const"), "a::b::operator()");
  EXPECT_EQ(without_signature("a::operator bool() const"), "a::operator bool");
  EXPECT_EQ(without_signature("bool a::operator< <int>(int)"), "a::operator< <int>");
  EXPECT_EQ(without_signature("(anonymous namespace)::f()"), "(anonymous namespace)::f");
  EXPECT_EQ(without_signature("a::f(int) [clone .cold]"), "a::f");
  EXPECT_EQ(without_signature("f(int)::{lambda(int)#1}::operator()(int) const"),
            "f(int)::{lambda(int)#1}::operator()");
  EXPECT_EQ(without_signature(""), "");
  EXPECT_EQ(without_signature(")))("), ")))(");
  EXPECT_EQ(function_name("_ZN1a1fEi"), "a::f");
  EXPECT_EQ(function_name("_Zgarbage"), "_Zgarbage");
}

TEST(Modules, AreCachedUntilALibraryComes) {
  const auto before = current_modules();
  EXPECT_EQ(current_modules(), before);
  void* const library = dlopen(THROWER_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(library, nullptr);
  const auto with = current_modules();
  EXPECT_NE(with, before);
  const auto address = reinterpret_cast<std::uintptr_t>(dlsym(library, "throw_from_library"));
  ASSERT_NE(find_module(*with, address), nullptr);
  EXPECT_EQ(find_module(*with, address)->path, THROWER_LIBRARY);
  EXPECT_THAT(find_module(*with, address)->build_id, SizeIs(20));
  EXPECT_EQ(find_module(*before, address), nullptr);
  dlclose(library);
  EXPECT_EQ(find_module(*current_modules(), address), nullptr);
}

[[gnu::noinline, gnu::optimize("no-omit-frame-pointer")]] std::size_t walk(
    std::span<std::uintptr_t> out) {
  return walk_stack(here(), __builtin_frame_address(0), out);
}

TEST(StackWalk, BothWaysSeeTheCaller) {
  std::array<std::uintptr_t, 64> unwound{};
  const auto address = here();
  // Not the caller of unwind_stack itself, but one that cannot be found: it stands alone.
  EXPECT_EQ(unwind_stack(address + 1, unwound), 1U);
  EXPECT_EQ(unwound[0], address + 1);
  std::array<std::uintptr_t, 64> walked{};
  EXPECT_GE(walk(walked), 2U);
  EXPECT_EQ(walk(std::span{walked}.first(1)), 1U);
  EXPECT_EQ(walk({}), 0U);
}

TEST(StackWalk, FramePointersThatLeadNowhereEndIt) {
  std::array<std::uintptr_t, 64> out{};
  std::array<std::uintptr_t, 2> elsewhere{0x10, 0x20};
  auto heap = std::make_unique<std::array<std::uintptr_t, 2>>(elsewhere);
  EXPECT_EQ(walk_stack(1, heap.get(), out), 1U);
  EXPECT_EQ(walk_stack(1, nullptr, out), 1U);
  std::array<std::uintptr_t, 2> loop{};
  loop[0] = reinterpret_cast<std::uintptr_t>(loop.data());
  loop[1] = 5;
  EXPECT_EQ(walk_stack(1, loop.data(), out), 2U);
}

}  // namespace
}  // namespace vitals::stack::detail
