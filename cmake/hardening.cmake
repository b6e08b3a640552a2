# The flags that Debian builds its own servers with, and those that its later releases add. tests/house/hardened.sh looks for
# them in the program. Off where the library is a part of somebody else's build, which has flags of its own.
option(VITALS_HARDEN "Compile the library and the service hardened" ${VITALS_DEVELOPMENT})

include(CheckCXXCompilerFlag)
include(CheckPIESupported)
check_pie_supported(LANGUAGES CXX)

set(vitals_hardening)
if(VITALS_HARDEN)
  foreach(flag -fstack-protector-strong -fstack-clash-protection -fcf-protection)
    string(MAKE_C_IDENTIFIER "VITALS_HAS${flag}" known)
    check_cxx_compiler_flag(${flag} ${known})
    if(${known})
      list(APPEND vitals_hardening ${flag})
    endif()
  endforeach()
  list(APPEND vitals_hardening -D_GLIBCXX_ASSERTIONS)
  if(NOT VITALS_SANITIZE)
    # It wants optimisation, and the sanitizers see more than it does. Some distributions' compilers define it themselves.
    list(APPEND vitals_hardening
      "$<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE>" "$<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=3>")
  endif()
endif()

# vitals_harden(): hardens what the calling folder and those below it declare.
macro(vitals_harden)
  if(VITALS_HARDEN)
    add_compile_options(${vitals_hardening})
    add_link_options(-Wl,-z,relro,-z,now)
  endif()
endmacro()
