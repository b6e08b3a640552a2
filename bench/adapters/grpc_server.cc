#include <memory>

#include "bench/adapters/wired.h"
#include "eggs.grpc.pb.h"
#include "vitals/adapters/grpc.h"

namespace adapters_bench {
namespace {

class EggsService final : public farm::Eggs::Service {
 public:
  explicit EggsService(Wired& wired) : wired_(wired) {}

  grpc::Status Lay(grpc::ServerContext* context, const farm::LayRequest*,
                   farm::LayAnswer* answer) override {
    const auto egg = [&] {
      answer->set_current(kBody);
      return grpc::Status::OK;
    };
    return wired_.by_adapter() ? vitals::adapters::answer(context, egg) : wired_.call(egg);
  }

 private:
  Wired& wired_;
};

}  // namespace

void serve_grpc(Wired& wired) {
  EggsService service{wired};
  grpc::ServerBuilder builder;
  if (wired.by_adapter()) vitals::adapters::monitor_calls(builder);
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  say_port(port);
  server->Wait();
}

}  // namespace adapters_bench
