/* Uses "exporter"; its init takes as many milliseconds and returns what its parameters say. */
#include <linux/delay.h>
#include <linux/module.h>

extern int ex_plain(void);

static int code;
module_param(code, int, 0644);
static int ms;
module_param(ms, int, 0444);

static int __init dependent_init(void)
{
	if (ms)
		msleep(ms);
	return code;
}

static void __exit dependent_exit(void)
{
	code = ex_plain();
}

module_init(dependent_init);
module_exit(dependent_exit);
MODULE_LICENSE("GPL");
MODULE_INFO(intree, "Y");
