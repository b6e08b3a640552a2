#pragma once

#include "context/attachments.h"
#include "context/listeners.h"
#include "context/new_id.h"
#include "context/records.h"
#include "context/runtime.h"
#include "context/scope_state.h"
#include "context/trace.h"
#include "vitals/sentry/event.h"

/// What the client's own code takes from the context, under its own names.
namespace vitals::sentry::detail {

using context::Borrowed;
using context::FinishedTransaction;
using context::HeaderSource;
using context::RequestData;
using context::TraceFacts;
using context::WorkStatus;
using context::detail::append_record;
using context::detail::append_text;
using context::detail::AttachmentList;
using context::detail::cut;
using context::detail::Decision;
using context::detail::HeldAttachment;
using context::detail::InlineBytes;
using context::detail::kMaxAttachedBytes;
using context::detail::kMaxAttachmentBytes;
using context::detail::kMaxAttachments;
using context::detail::kMaxFlags;
using context::detail::kMaxKeySize;
using context::detail::kMaxValueSize;
using context::detail::kUnitSeparator;
using context::detail::Loss;
using context::detail::new_event_id;
using context::detail::new_id;
using context::detail::own;
using context::detail::put;
using context::detail::RawSpan;
using context::detail::Record;
using context::detail::RecordHeader;
using context::detail::Recording;
using context::detail::ScopeSnapshot;
using context::detail::ScopeState;
using context::detail::Section;
using context::detail::SharedAttachments;
using context::detail::take_breadcrumb;
using context::detail::take_record;
using context::detail::Trace;
using context::detail::TransactionAccess;
using context::detail::view_of;
using context::detail::whole_breadcrumbs;
using context::detail::whole_records;

}  // namespace vitals::sentry::detail
