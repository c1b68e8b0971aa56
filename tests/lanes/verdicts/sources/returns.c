/* Its init takes as many milliseconds and returns what its parameters say; its exit takes time, too. */
#include <linux/delay.h>
#include <linux/module.h>

static int code;
module_param(code, int, 0444);
static int ms;
module_param(ms, int, 0444);
static int exit_ms;
module_param(exit_ms, int, 0444);

int returns_export(void)
{
	return code;
}
EXPORT_SYMBOL_GPL(returns_export);

static int __init returns_init(void)
{
	if (ms)
		msleep(ms);
	return code;
}

static void __exit returns_exit(void)
{
	if (exit_ms)
		msleep(exit_ms);
}

module_init(returns_init);
module_exit(returns_exit);
MODULE_LICENSE("GPL");
MODULE_INFO(intree, "Y");
