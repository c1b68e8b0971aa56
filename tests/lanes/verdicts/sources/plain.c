/* A bit of everything that most modules have: code, data, constants, imports, a version. */
#include <linux/bug.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/module.h>

static int plain_data = 1;
static int plain_bss[3];
static const int plain_const[] = { 1, 2, 3 };

int __used plain_code(unsigned int at)
{
	msleep(jiffies);
	if (WARN_ON(at > 2))
		pr_info("plain %d\n", plain_data);
	return plain_bss[at]++ + plain_const[at] + plain_data++;
}

static int __init plain_init(void)
{
	return 0;
}

static void __exit plain_exit(void)
{
}

module_init(plain_init);
module_exit(plain_exit);
MODULE_LICENSE("GPL");
MODULE_VERSION("1.0");
MODULE_INFO(intree, "Y");
