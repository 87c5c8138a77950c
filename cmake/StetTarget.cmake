# stet::stet is all of the libraries; nothing but include folders and C++20 reaches a user's own flags.
add_library(stet_all INTERFACE)
add_library(stet::stet ALIAS stet_all)
target_compile_features(stet_all INTERFACE cxx_std_20)
foreach(folder ${STET_FOLDERS})
  target_link_libraries(stet_all INTERFACE stet_${folder})
endforeach()
