#pragma once

#include "context/attachments.h"
#include "context/new_id.h"
#include "context/records.h"
#include "context/runtime.h"
#include "context/scope_state.h"
#include "context/trace.h"
#include "vitals/context/ids.h"

/// What a crash report takes from the context, under its own names.
namespace vitals::crash::detail {

using context::Borrowed;
using context::EventId;
using context::HeaderSource;
using context::RequestData;
using context::SpanId;
using context::TraceId;
using context::detail::append_text;
using context::detail::AttachmentList;
using context::detail::cut;
using context::detail::Decision;
using context::detail::HeldAttachment;
using context::detail::kMaxAttachmentBytes;
using context::detail::kMaxAttachments;
using context::detail::kMaxKeySize;
using context::detail::kMaxValueSize;
using context::detail::new_event_id;
using context::detail::own;
using context::detail::put;
using context::detail::Record;
using context::detail::RecordHeader;
using context::detail::ScopeSnapshot;
using context::detail::ScopeState;
using context::detail::Section;
using context::detail::take_record;
using context::detail::Trace;
using context::detail::whole_breadcrumbs;
using context::detail::whole_records;

}  // namespace vitals::crash::detail
