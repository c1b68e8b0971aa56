/* Has trace events, and never makes one happen. */
#include <linux/module.h>

#define CREATE_TRACE_POINTS
#include "events.h"

void __used events_code(int number)
{
	trace_first_event_of_it(number);
	trace_other_event_of_it(number);
}

MODULE_LICENSE("GPL");
MODULE_INFO(intree, "Y");
