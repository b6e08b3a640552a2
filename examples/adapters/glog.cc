// Log lines by glog, as breadcrumbs and events.
#include "vitals/adapters/glog.h"

#include "program.h"
#include "vitals/monitor/job.h"

int main() {
  const Program program{"glog"};
  FLAGS_logtostderr = true;
  const vitals::adapters::GlogSentrySink sink;
  vitals::monitor::track_job("lay", [] {
    LOG(INFO) << "the hen sits";
    LOG(ERROR) << "the egg fell";
  });
}
