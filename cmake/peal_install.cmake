# peal_install()
# `cmake --install` puts the program, the layers' libraries and headers, and a CMake package in place, so that another project can say
# find_package(Peal) and link Peal::broker or Peal::server.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

function(peal_install)
  set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Peal)
  install(TARGETS ${PEAL_LAYER_TARGETS} EXPORT PealTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT sdk)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/peal/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/peal COMPONENT sdk
    FILES_MATCHING PATTERN "*.hpp")
  install(EXPORT PealTargets NAMESPACE Peal:: DESTINATION ${package_dir} COMPONENT sdk)
  configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/PealConfig.cmake.in ${PROJECT_BINARY_DIR}/PealConfig.cmake
    INSTALL_DESTINATION ${package_dir})
  write_basic_package_version_file(${PROJECT_BINARY_DIR}/PealConfigVersion.cmake COMPATIBILITY SameMinorVersion)
  install(FILES ${PROJECT_BINARY_DIR}/PealConfig.cmake ${PROJECT_BINARY_DIR}/PealConfigVersion.cmake
    DESTINATION ${package_dir} COMPONENT sdk)
  if(TARGET peal)
    install(TARGETS peal RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
    # The service. Where systemd looks does not depend on the library directory's name; what an operator wrote stays.
    install(FILES ${PROJECT_SOURCE_DIR}/deploy/peal.service DESTINATION lib/systemd/system COMPONENT program)
    install(FILES ${PROJECT_SOURCE_DIR}/deploy/peal.sysusers DESTINATION lib/sysusers.d RENAME peal.conf COMPONENT program)
    install(CODE "set(peal_deploy \"${PROJECT_SOURCE_DIR}/deploy\")" COMPONENT program)
    install(CODE [[
      set(peal_etc "${CMAKE_INSTALL_PREFIX}/etc")
      if(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
        set(peal_etc "/etc")
      endif()
      if(NOT EXISTS "$ENV{DESTDIR}${peal_etc}/peal/peal.toml")
        file(INSTALL "${peal_deploy}/peal.toml" DESTINATION "${peal_etc}/peal")
      endif()
    ]] COMPONENT program)
  endif()
endfunction()
