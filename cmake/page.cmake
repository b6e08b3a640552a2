# The console's page, whose files are embedded: ours, and uPlot's from npm (console/package-lock.json) or from a release, which has them
# in console/packed. vitals_page_files stays empty where uPlot is in neither.
set(VITALS_UPLOT "" CACHE PATH "The folder of uPlot's package, where it is not in console/")
set(vitals_page_files)
set(folders ${PROJECT_SOURCE_DIR}/console/node_modules/uplot ${PROJECT_SOURCE_DIR}/console/packed/uplot)
if(VITALS_UPLOT)
  set(folders ${VITALS_UPLOT})
endif()
foreach(folder IN LISTS folders)
  if(NOT vitals_page_files AND EXISTS ${folder}/dist/uPlot.iife.min.js)
    set(vitals_page_files index.html=${PROJECT_SOURCE_DIR}/console/index.html app.css=${PROJECT_SOURCE_DIR}/console/app.css
                          icon.svg=${PROJECT_SOURCE_DIR}/console/icon.svg)
    foreach(module IN ITEMS main api charts dom errors format health overview panels rows search traces)
      list(APPEND vitals_page_files ${module}.js=${PROJECT_SOURCE_DIR}/console/${module}.js)
    endforeach()
    list(APPEND vitals_page_files uplot.js=${folder}/dist/uPlot.iife.min.js uplot.css=${folder}/dist/uPlot.min.css
                                  uplot-licence.txt=${folder}/LICENSE)
  endif()
endforeach()
