# Installation rules and the package that find_package(stet) finds.
