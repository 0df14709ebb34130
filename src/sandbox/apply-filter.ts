/**
 * A Perl program that gives itself a filter of system calls and becomes another program: nothing else in a Debian system without a
 * compiler calls prctl(2) with numbers of our choice. perl-base is essential. Arguments: the filter in hexadecimal digits, then the program with
 * its own arguments. Where the kernel takes no filter it ends with status 97.
 *
 * @see seccomp(2), PR_SET_NO_NEW_PRIVS and PR_SET_SECCOMP of prctl(2); the number of prctl in the kernel's tables
 */
const applyFilter = `use Config;
my %prctl = (x86_64 => 157, i386 => 172, aarch64 => 167, arm => 172);
my ($processor) = split /-/, $Config{archname};
my $number = $prctl{$processor} or exit 97;
my $filter = pack "H*", shift;
my $align = length pack "P", "";
my $program = pack "S x!$align P", length($filter) / 8, $filter;
syscall($number, 38, 1, 0, 0, 0) == 0 && syscall($number, 22, 2, $program, 0, 0) == 0 or exit 97;
exec { $ARGV[0] } @ARGV or exit 127;`

/** The words of a line inside a root with Perl; what is to be run follows them. */
export function filteringWords(filter: Uint8Array): readonly string[] {
  return ['/usr/bin/perl', '-e', applyFilter, Buffer.from(filter).toString('hex')]
}
