# Language, warnings, hardening, compiler cache and linker: the same for every target.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

find_program(PEAL_CCACHE ccache)
if(PEAL_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${PEAL_CCACHE})
endif()
find_program(PEAL_MOLD mold)
if(PEAL_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
# GCC 12 sees both of these in its own std::string and std::variant when it inlines them (GCC bugs 105651, 105562);
# Clang's checks and the sanitizers look for the same mistakes.
add_compile_options($<$<CXX_COMPILER_ID:GNU>:-Wno-restrict> $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
if(PEAL_SANITIZE)
  add_compile_options(-fsanitize=${PEAL_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${PEAL_SANITIZE})
elseif(CMAKE_BUILD_TYPE STREQUAL "Release" OR CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
  # What each is for, what it costs, and what the program is checked for: docs/decisions/0018.
  add_compile_options(-fstack-protector-strong -fstack-clash-protection)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    add_compile_options(-fcf-protection)
  endif()
  add_compile_definitions(_FORTIFY_SOURCE=3)
  add_link_options(-pie -Wl,-z,relro,-z,now,-z,noexecstack)
endif()
add_compile_definitions(_GLIBCXX_ASSERTIONS)
