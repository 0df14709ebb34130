#include <stdio.h>

int main(void)
{
	puts("Hello from a package of our own, " VERSION);
	return 0;
}
