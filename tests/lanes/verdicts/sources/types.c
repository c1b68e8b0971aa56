/* A parameter of each type. */
#include <linux/module.h>
#include <linux/moduleparam.h>

static unsigned char p_byte = 1;
module_param(p_byte, byte, 0644);
static short p_short = -2;
module_param(p_short, short, 0644);
static unsigned short p_ushort = 3;
module_param(p_ushort, ushort, 0644);
static int p_int = -4;
module_param(p_int, int, 0644);
static unsigned int p_uint = 5;
module_param(p_uint, uint, 0444);
static long p_long = -6;
module_param(p_long, long, 0400);
static unsigned long p_ulong = 7;
module_param(p_ulong, ulong, 0);
static unsigned long long p_ullong = 8;
module_param(p_ullong, ullong, 0644);
static unsigned int p_hexint = 0x9;
module_param(p_hexint, hexint, 0644);
static char *p_charp = "ten";
module_param(p_charp, charp, 0644);
static char *p_none;
module_param(p_none, charp, 0644);
static bool p_bool;
module_param(p_bool, bool, 0644);
static bool p_invbool;
module_param(p_invbool, invbool, 0644);
static int p_bint;
module_param(p_bint, bint, 0644);
static bool p_enable;
module_param_cb(p_enable, &param_ops_bool_enable_only, &p_enable, 0644);
static char p_string[8] = "eleven";
module_param_string(p_string, p_string, sizeof(p_string), 0644);
static int p_array[3] = { 1, 2, 3 };
static int p_count = 2;
module_param_array(p_array, int, &p_count, 0644);
static char *p_words[2];
module_param_array(p_words, charp, NULL, 0644);
static bool p_flags[4];
module_param_array(p_flags, bool, NULL, 0444);
static int p_named;
module_param_named(other_name, p_named, int, 0644);
static int p_unsafe;
module_param_unsafe(p_unsafe, int, 0644);
static int p_hw;
module_param_hw(p_hw, int, ioport, 0644);

MODULE_LICENSE("GPL");
MODULE_INFO(intree, "Y");
