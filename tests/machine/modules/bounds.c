/* Arrays that are no memory of kmalloc(), static and on the stack; each function has one fault. */
#include <linux/module.h>
#include <linux/string.h>

struct record {
	int kind;
	char name[12];
};

int table[5] = { 1, 2, 3, 4, 5 };
long after_table = 6;
static struct record records[3] = { { 1, "first" } };
static u8 bitmap[13];
static const short fixed[3] = { 7, 8, 9 };
char message[10];
void *volatile sink;

static noinline int read_static(int i)
{
	return table[i];
}

static noinline void write_static(int i)
{
	bitmap[i] = 1;
}

static noinline int read_constant(int i)
{
	return fixed[i];
}

static noinline void write_record(int i)
{
	records[i].kind = 3;
}

static noinline void clear(u8 *bytes, int n)
{
	memset(bytes, 0, n);
}

static noinline void fill_static(int n)
{
	clear(bitmap, n);
}

static noinline void print_static(const char *text)
{
	sprintf(message, "%s!", text);
}

static noinline int write_stack(int i, int value)
{
	int numbers[6] = { 1, 2, 3, 4, 5, 6 };

	sink = numbers;
	numbers[i] = value;
	return numbers[0];
}

static noinline int read_stack(int i)
{
	char first[16] = "first", second[24] = "second";

	sink = first;
	sink = second;
	return first[i] + second[0];
}

static noinline int print_stack(const char *text)
{
	char line[20];

	return sprintf(line, "<%s>", text);
}

static noinline int loop_over_stack(int n)
{
	unsigned long words[4];
	int i;

	sink = words;
	for (i = 0; i < n; i++)
		words[i] = i;
	return ((volatile unsigned long *)words)[1];
}

static noinline int overwrite(int n)
{
	u8 text[8], *p;

	sink = text;
	for (p = sink; p < (u8 *)sink + n; p += 8)
		*(volatile u64 *)p = 0;
	return text[0];
}

static noinline int sound(int n)
{
	int numbers[8], i, sum = 0;

	sink = numbers;
	for (i = 0; i < n; i++)
		numbers[i] = i;
	for (i = n; i > 0; i--)
		sum += ((volatile int *)numbers)[i - 1] + table[(i - 1) % 5] + bitmap[i - 1] + fixed[i % 3];
	memset(bitmap, 0, sizeof(bitmap));
	memset(records, 0, sizeof(records));
	return sum;
}

static void *use[] = {
	read_static, write_static, read_constant, write_record, fill_static, print_static, write_stack,
	read_stack, print_stack, loop_over_stack, overwrite, sound
};

static int __init bounds_init(void)
{
	return use[0] ? 0 : -EINVAL;
}

static void __exit bounds_exit(void)
{
}

module_init(bounds_init);
module_exit(bounds_exit);
MODULE_DESCRIPTION("arrays and their bounds");
MODULE_LICENSE("GPL");
