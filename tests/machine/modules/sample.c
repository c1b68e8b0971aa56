/* What a test can call, look at and get wrong: one function for each kind of argument and each kind of end. */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

struct point {
	int x;
	short y;
	union {
		unsigned char low;
		u32 bits;
	};
	unsigned int flag : 3, rest : 5;
};

enum color { RED, GREEN = 5, BLUE };

struct state {
	unsigned int count;
	char name[16];
	struct point corner[2];
	struct state *next;
	enum color color;
	bool on;
	s64 sum;
};

static struct state state = { .count = 3, .name = "first", .color = GREEN, .sum = -9 };
struct state *current_state = &state;
static int debug;
module_param(debug, int, 0644);
static char *label = "none";
module_param(label, charp, 0444);
static int calls;

static noinline int sum_of(const int *values, size_t n)
{
	int sum = 0;

	calls++;
	while (n--)
		sum += *values++;
	return sum;
}

static noinline const char *greet(const char *name)
{
	static char text[64];

	snprintf(text, sizeof(text), "hello %s", name);
	return text;
}

static noinline int divide(int a, int b, int *quotient, int *rest)
{
	if (!b)
		return -EDOM;
	*quotient = a / b;
	*rest = a % b;
	return 0;
}

static noinline long eight(int a, int b, int c, int d, int e, int f, int g, long h)
{
	return a + 10L * b + 100L * c + 1000L * d + 10000L * e + 100000L * f + 1000000L * g + 10000000L * h;
}

static noinline struct point moved(struct point p, int by)
{
	p.x += by;
	p.y = -p.y;
	p.flag = 5;
	return p;
}

static noinline struct state larger(struct state s)
{
	s.count++;
	strscpy(s.name, "larger", sizeof(s.name));
	return s;
}

static noinline void fill(u8 *bytes, unsigned int length, u8 value)
{
	memset(bytes, value, length);
}

static noinline int note(struct state *s, enum color color)
{
	s->color = color;
	s->count += 2;
	s->corner[1].y = -7;
	pr_info("noted %s\n", s->name);
	return s->on ? 1 : -EPERM;
}

static noinline void *fails(int how)
{
	return how ? ERR_PTR(-how) : NULL;
}

static noinline u64 widest(void)
{
	return ~0ULL;
}

static noinline bool is_small(u8 n)
{
	return n < 10;
}

static noinline int oops_at(unsigned long address)
{
	return *(volatile int *)address;
}

static noinline int deep(int left)
{
	volatile int here[256];

	here[0] = left;
	return left ? deep(left - 1) + here[0] : 0;
}

static DECLARE_COMPLETION(never);

static noinline int wait_for_it(void)
{
	wait_for_completion(&never);
	return 0;
}

static noinline void spin(void)
{
	for (;;)
		cpu_relax();
}

static noinline u32 touch(unsigned long address)
{
	void __iomem *place = ioremap(address, 4096);
	u32 value = place ? readl(place) : 0;

	if (place)
		iounmap(place);
	return value;
}

static noinline int allocate(void)
{
	int *first = kmalloc(sizeof(*first), GFP_KERNEL), *second;

	if (!first)
		return -ENOMEM;
	second = kzalloc(24, GFP_KERNEL);
	if (!second) {
		kfree(first);
		return -ENOMEM;
	}
	kfree(second);
	kfree(first);
	return 0;
}

static void *keep[] = {
	sum_of, greet, divide, eight, moved, larger, fill, note, fails, widest, is_small, oops_at, wait_for_it, spin,
	touch, allocate, deep,
};

static int __init sample_init(void)
{
	pr_info("sample: debug=%d label=%s %d\n", debug, label, keep[0] != NULL);
	return debug < 0 ? debug : 0;
}

static void __exit sample_exit(void)
{
	pr_info("sample: bye %u\n", current_state->count);
}

module_init(sample_init);
module_exit(sample_exit);
MODULE_DESCRIPTION("functions to call");
MODULE_LICENSE("GPL");
