// A gRPC server and its client.
#include "vitals/adapters/grpc.h"

#include "eggs.grpc.pb.h"
#include "program.h"

namespace {

class EggsService final : public farm::Eggs::Service {
  grpc::Status Lay(grpc::ServerContext* context, const farm::LayRequest* request,
                   farm::LayAnswer*) override {
    return vitals::adapters::answer(context, [&] {
      if (request->number() == 0) throw std::out_of_range{"no such egg"};
    });
  }
};

}  // namespace

int main() {
  const Program program{"grpc"};
  EggsService service;
  grpc::ServerBuilder builder;
  vitals::adapters::monitor_calls(builder);
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();

  const auto stub = farm::Eggs::NewStub(grpc::experimental::CreateCustomChannelWithInterceptors(
      "127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials(), {},
      vitals::adapters::client_interceptors()));
  for (const int number : {7, 0}) {  // 0 breaks
    grpc::ClientContext context;
    farm::LayRequest request;
    request.set_number(number);
    farm::LayAnswer answer;
    stub->Lay(&context, request, &answer);
  }
  server->Shutdown();
}
