#include "context/json_text.h"

#include "base/json_writer.h"
#include "privacy/scrub.h"

namespace vitals::context::detail {
namespace {

constexpr int kDeepest = 16;

class JsonOfValues {
 public:
  JsonOfValues(std::string& out, std::size_t limit) : out_(out), json_(out), limit_(limit) {}

  void write(const ValueView& value, int depth) {
    switch (value.type()) {
      case ValueView::Type::kObject:
        if (depth == kDeepest) break;
        json_.begin_object();
        for (const FieldView& field : value.as_object()) {
          if (out_.size() > limit_) break;
          json_.key(field.key);
          write(field.value, depth + 1);
        }
        json_.end_object();
        return;
      case ValueView::Type::kArray:
        if (depth == kDeepest) break;
        json_.begin_array();
        for (const ValueView& item : value.as_array()) {
          if (out_.size() > limit_) break;
          write(item, depth + 1);
        }
        json_.end_array();
        return;
      case ValueView::Type::kJson:
        paste(value.as_string());
        return;
      default:
        json_.value(value);
        return;
    }
    json_.string("…");
  }

 private:
  void paste(std::string_view text) {
    std::string checked;
    if (text.size() > limit_) {
      json_.string(left_out(limit_));
    } else if (privacy::scrub_json(text, true, checked) == privacy::JsonScrub::kMalformed) {
      json_.string(text);
    } else {
      json_.raw(checked);
    }
  }

  std::string& out_;
  base::JsonWriter json_;
  std::size_t limit_;
};

}  // namespace

std::string left_out(std::size_t bytes) {
  return "(left out: more than " + std::to_string(bytes) + " bytes of JSON)";
}

NestedText nested_text(const ValueView& value, std::size_t limit) {
  NestedText made;
  if (value.type() == ValueView::Type::kJson) {
    made.text = value.as_string().substr(0, limit + 1);
  } else {
    JsonOfValues{made.text, limit}.write(value, 0);
  }
  if (made.text.size() > limit) made = {ValueView::Type::kString, left_out(limit)};
  return made;
}

}  // namespace vitals::context::detail
