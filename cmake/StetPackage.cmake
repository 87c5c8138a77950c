# `make package`: one Debian package with the libraries, their headers and the program stet.
set(CPACK_PACKAGE_NAME stet)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "training of neural nets, to the same bits")
set(CPACK_PACKAGE_DESCRIPTION "A C++20 framework for training neural networks in which a run's record
is enough to get the same bits back: on another thread count, instruction
set or compiler, after a kill, years later. This package has the libraries,
their headers, and the program stet, which lists, compares, resumes and
verifies runs.")
# Who builds it, as Debian's own tools ask.
if(NOT DEFINED ENV{DEBEMAIL})
  set(CPACK_DEBIAN_PACKAGE_MAINTAINER "Stet's builders <stet@users.noreply.github.com>")
else()
  set(CPACK_DEBIAN_PACKAGE_MAINTAINER "$ENV{DEBFULLNAME} <$ENV{DEBEMAIL}>")
endif()
set(CPACK_PACKAGE_CONTACT ${CPACK_DEBIAN_PACKAGE_MAINTAINER})
set(CPACK_DEBIAN_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)  # of the program
# What the static libraries link: stet-config.cmake asks for it.
set(CPACK_DEBIAN_PACKAGE_DEPENDS
  "libhwy-dev, libhdf5-dev, libprotobuf-dev, libssl-dev, libgit2-dev, libfmt-dev, nlohmann-json3-dev, libeigen3-dev, zlib1g-dev, libpng-dev, libmpfr-dev, libre2-dev, libsqlite3-dev, libyaml-cpp-dev, pkg-config | pkgconf")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

# What Debian's policy wants in every package.
set(doc ${PROJECT_BINARY_DIR}/package-doc)
file(MAKE_DIRECTORY ${doc})
file(WRITE ${doc}/copyright "Stet

Copyright 2026 the authors of Stet

Licensed under the Apache License, Version 2.0. On Debian systems its text
lies in /usr/share/common-licenses/Apache-2.0.
")
string(TIMESTAMP today "%a, %d %b %Y %H:%M:%S +0000" UTC)  # SOURCE_DATE_EPOCH, where it is set
file(WRITE ${doc}/changelog "stet (${PROJECT_VERSION}) unstable; urgency=medium

  * CHANGELOG.md of the source says what changed.

 -- ${CPACK_DEBIAN_PACKAGE_MAINTAINER}  ${today}
")
execute_process(COMMAND gzip -9nf changelog WORKING_DIRECTORY ${doc})
install(FILES ${doc}/copyright ${doc}/changelog.gz DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/stet COMPONENT package)
include(CPack)
