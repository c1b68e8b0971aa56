/* A parameter of each type, with each kind of permission, flag and callback. */
#include <linux/module.h>
#include <linux/moduleparam.h>

static unsigned char a_byte = 7;
module_param(a_byte, byte, 0644);
static short a_short = -5;
module_param(a_short, short, 0644);
static unsigned short a_ushort;
module_param(a_ushort, ushort, 0644);
static int an_int = -70000;
module_param(an_int, int, 0644);
static unsigned int a_uint = 4000000000u;
module_param(a_uint, uint, 0644);
static long a_long = -5000000000;
module_param(a_long, long, 0644);
static unsigned long a_ulong = 1;
module_param(a_ulong, ulong, 0644);
static unsigned long long a_ullong = 0xffffffffffffffffull;
module_param(a_ullong, ullong, 0644);
static unsigned int a_hexint = 0xbeef;
module_param(a_hexint, hexint, 0644);
static bool a_bool;
module_param(a_bool, bool, 0644);
static bool an_invbool;
module_param(an_invbool, invbool, 0644);
static int a_bint = 1;
module_param(a_bint, bint, 0644);
static bool once;
module_param(once, bool_enable_only, 0644);
static char *a_charp = "first";
module_param(a_charp, charp, 0644);
static char *a_null;
module_param(a_null, charp, 0644);
static char a_string[10] = "before";
module_param_string(a_string, a_string, sizeof(a_string), 0644);
static char no_room[1];
module_param_string(no_room, no_room, sizeof(no_room), 0644);

static int ints[4] = { 1, 2, 3, 4 };
static int count = 2;
module_param_array(ints, int, &count, 0644);
static short shorts[3];
module_param_array(shorts, short, NULL, 0644);
static char *charps[3] = { "one", NULL, "three" };
static int charps_count;
module_param_array(charps, charp, &charps_count, 0644);
static bool bools[2];
module_param_array(bools, bool, NULL, 0644);
static unsigned long long ullongs[2];
module_param_array(ullongs, ullong, NULL, 0644);

static int hidden = 1;
module_param(hidden, int, 0);
static int read_only = 1;
module_param(read_only, int, 0444);
static int write_only = 1;
module_param(write_only, int, 0200);
static int dangerous = 1;
module_param_unsafe(dangerous, int, 0644);
static int an_irq = 1;
module_param_hw(an_irq, int, irq, 0644);
static int other_name = 1;
module_param_named(with_underscore_s, other_name, int, 0600);

static const struct kernel_param_ops no_getter = { .set = param_set_int };
static int unseen = 1;
module_param_cb(unseen, &no_getter, &unseen, 0644);
static const struct kernel_param_ops no_setter = { .get = param_get_int };
static int fixed = 11;
module_param_cb(fixed, &no_setter, &fixed, 0644);
static const struct kernel_param_ops int_by_hand = {
	.flags = KERNEL_PARAM_OPS_FL_NOARG, .set = param_set_bint, .get = param_get_int,
};
static int by_hand = 12;
module_param_cb(by_hand, &int_by_hand, &by_hand, 0644);

static char kept[64];
static int keep(const char *value, const struct kernel_param *param)
{
	strscpy(kept, value ? value : "", sizeof(kept));
	return 0;
}
static int say(char *buffer, const struct kernel_param *param)
{
	return sysfs_emit(buffer, "%s\n", kept);
}
static const struct kernel_param_ops own_ops = {
	.flags = KERNEL_PARAM_OPS_FL_NOARG, .set = keep, .get = say,
};
module_param_cb(own, &own_ops, NULL, 0644);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("every type of parameter");
