/* Two trace events. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM verdicts_event_system

#if !defined(VERDICTS_EVENTS_H) || defined(TRACE_HEADER_MULTI_READ)
#define VERDICTS_EVENTS_H

#include <linux/tracepoint.h>

TRACE_EVENT(first_event_of_it,
	TP_PROTO(int number),
	TP_ARGS(number),
	TP_STRUCT__entry(__field(int, number)),
	TP_fast_assign(__entry->number = number;),
	TP_printk("%d", __entry->number)
);

TRACE_EVENT(other_event_of_it,
	TP_PROTO(int number),
	TP_ARGS(number),
	TP_STRUCT__entry(__field(int, number)),
	TP_fast_assign(__entry->number = number;),
	TP_printk("%d", __entry->number)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE events
#include <trace/define_trace.h>
