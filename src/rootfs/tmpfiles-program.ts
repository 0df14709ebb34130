/**
 * A Perl program that does what `systemd-tmpfiles --create` and `--remove` do to a root that is being made, for a sandbox that cannot mount
 * /proc: systemd's own reaches files through /proc/self/fd and refuses to work without. perl-base is essential. It knows the
 * types that leave something in an image; attributes and access lists (a, A, h, H, t, T), which no image carries, are passed over,
 * and so are credentials, of which a build has none.
 *
 * @see tmpfiles.d(5), systemd-tmpfiles(8)
 */
export const tmpfilesProgram = String.raw`#!/usr/bin/perl
use strict;
use warnings;
use Fcntl qw(:DEFAULT :mode);
use File::Glob ':bsd_glob';
use POSIX ();

umask 0;
my ($root, $status, %does, @named, @prefixes, @excluded) = ('', 0);
while (defined(my $word = shift @ARGV)) {
  my ($name, $value) = $word =~ /^--(root|prefix|exclude-prefix|replace)(?:=(.*))?$/s;
  $value = shift @ARGV if defined $name && !defined $value;
  if (!defined $name) {
    if ($word =~ /^--(create|remove|boot)$/) { $does{$1} = 1 }
    elsif ($word eq '-E') { push @excluded, '/dev', '/proc', '/run', '/sys' }
    elsif ($word !~ /^-/) { push @named, $word }
  }
  elsif ($name eq 'root') { ($root = $value) =~ s{/+$}{} }
  elsif ($name eq 'prefix') { push @prefixes, $value }
  elsif ($name eq 'exclude-prefix') { push @excluded, $value }
}

# The first folder that has a name hides the others; lines are read in the order of the names.
my %fileOf;
my @folders = map { $root . $_ } '/etc/tmpfiles.d', '/run/tmpfiles.d', '/usr/local/lib/tmpfiles.d', '/usr/lib/tmpfiles.d', '/lib/tmpfiles.d';
for my $folder (@folders) {
  opendir my $names, $folder or next;
  for (readdir $names) { $fileOf{$_} = "$folder/$_" if /\.conf$/ && !exists $fileOf{$_} }
}
my @files = @named ? map { m{/} ? $_ : ($fileOf{$_} // complain("$_: no such file")) } @named : map { $fileOf{$_} } sort keys %fileOf;

my (@items, %claimed);
for my $file (grep { defined } @files) {
  open my $lines, '<', $file or do { complain("$file: $!"); next };
  while (my $line = <$lines>) { readLine($line) }
}
# What is removed goes first, then parents come before what is in them, then patterns find what is there.
if ($does{remove}) { for my $item (@items) { removeItem($item) if $item->{type} =~ /^[rRD]$/ } }
if ($does{create}) {
  for my $item (sort { $a->{path} cmp $b->{path} } grep { $_->{type} =~ /^[fFdDvqQLCpcb]$/ } @items) { createItem($item) }
  for my $item (grep { $_->{type} =~ /^[wezZ]$/ } @items) { for (found($item)) { adjust($item, $_) } }
}
exit $status;

sub complain { print STDERR "@_\n"; $status = 73; return }

sub readLine {
  my ($line) = @_;
  chomp $line;
  $line =~ s/^\s+//;
  return if $line eq '' || $line =~ /^[#;]/;
  my @fields;
  while (@fields < 6 && $line =~ s/^(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|(\S+))\s*//) { push @fields, $1 // $2 // $3 }
  my ($kind, $path, $mode, $user, $group) = map { !defined || $_ eq '-' ? undef : $_ } @fields[0 .. 4];
  my $argument = $line eq '' || $line eq '-' ? undef : $line;
  $argument = $1 if defined $argument && $argument =~ /^(?:"(.*)"|'(.*)')$/s;
  return complain("bad line: $kind") unless defined $path && $kind =~ /^([a-zA-Z])([-+!=~^\$?]*)$/;
  my ($type, $signs) = ($1, $2);
  my %item = (type => $type, argument => $argument);
  $item{$_} = 1 for split //, $signs;
  return if $item{'^'} || ($item{'!'} && !$does{boot});
  $item{path} = expanded(unescaped($path)) // return;
  $item{path} =~ s{/+}{/}g;
  $item{path} =~ s{(.)/$}{$1};
  $item{path} =~ s{^/var/run/}{/run/};
  return complain("no absolute path: $item{path}") unless $item{path} =~ m{^/} && $item{path} !~ m{(^|/)\.\.(/|$)};
  return if @prefixes && !grep { isBelow($item{path}, $_) } @prefixes;
  return if grep { isBelow($item{path}, $_) } @excluded;
  if (defined $argument) {
    $argument = unescaped($argument) if $type =~ /^[fFw]$/;
    $item{argument} = $item{'~'} ? decoded($argument) : expanded($argument) // return;
  }
  if (defined $mode) {
    return complain("bad mode: $mode") unless $mode =~ /^([~:]*)([0-7]+)$/;
    @item{'mode', 'masked', 'modeOfNew'} = (oct $2, index($1, '~') >= 0, index($1, ':') >= 0);
  }
  for (['user', $user], ['group', $group]) {
    my ($what, $name) = @$_;
    next unless defined $name;
    $item{$what . 'OfNew'} = $name =~ s/^://;
    $name = expanded($name);
    my $id = $name =~ /^\d+$/ ? $name : $what eq 'user' ? getpwnam $name : getgrnam $name;
    return complain("unknown $what: $name") unless defined $id;
    $item{$what} = $id;
  }
  if ($type =~ /^[fFdDvqQLCpcb]$/) { return if $claimed{$item{path}}++ }
  push @items, \%item;
}

sub isBelow { my ($path, $prefix) = @_; $prefix =~ s{/+$}{}; return $path eq $prefix || index($path, "$prefix/") == 0 }

sub unescaped {
  my ($text) = @_;
  my %letter = (n => "\n", t => "\t", r => "\r", a => "\a", b => "\b", f => "\f", v => "\x0b", s => ' ');
  $text =~ s/\\(?:x([0-9a-fA-F]{2})|([0-7]{3})|(.))/defined $1 ? chr hex $1 : defined $2 ? chr oct $2 : $letter{$3} \/\/ $3/ge;
  return $text;
}

sub decoded {
  my ($text) = @_;
  $text =~ tr{A-Za-z0-9+/}{}cd;
  $text =~ tr{A-Za-z0-9+/}{ -_};
  my $bytes = '';
  $bytes .= unpack 'u', chr(32 + int(length($1) * 3 / 4)) . $1 while $text =~ /(.{1,60})/gs;
  return $bytes;
}

sub expanded {
  my ($text) = @_;
  my %known = (
    '%' => '%', C => '/var/cache', L => '/var/log', S => '/var/lib', t => '/run', T => '/tmp', V => '/var/tmp', h => '/root',
    u => 'root', U => 0, g => 'root', G => 0, H => 'localhost', l => 'localhost',
  );
  my $isKnown = 1;
  $text =~ s/%(.)/my $value = $known{$1} \/\/ fact($1); $isKnown = 0 unless defined $value; $value \/\/ ''/ge;
  return $isKnown ? $text : undef;
}

sub fact {
  my ($letter) = @_;
  return (POSIX::uname())[2] if $letter eq 'v';
  if ($letter eq 'm') {
    my ($id) = linesOf("$root/etc/machine-id");
    return defined $id && $id =~ /^[0-9a-f]{32}$/ ? $id : undef;
  }
  my $field = {o => 'ID', w => 'VERSION_ID', W => 'VARIANT_ID', B => 'BUILD_ID', M => 'IMAGE_ID', A => 'IMAGE_VERSION'}->{$letter} // return;
  for (linesOf("$root/etc/os-release")) { return $1 if /^$field="?(.*?)"?$/ }
  return '';
}

sub linesOf { open my $file, '<', $_[0] or return (); my @lines = <$file>; chomp @lines; return @lines }

# Parents are made as needed, for root; whoever owns a folder on the way must not lead us elsewhere.
sub parentsOf {
  my ($path, $makes) = @_;
  my @names = split m{/}, substr $path, 1;
  pop @names;
  my ($at, $owner) = ($root, 0);
  for my $name (@names) {
    $at .= "/$name";
    mkdir $at, 0755 if $makes && !lstat $at;
    my @stat = stat $at or return;
    return unless S_ISDIR($stat[2]);
    return complain("$at: unsafe change of owners on the way") if $owner != 0 && $owner != $stat[4];
    $owner = $stat[4];
  }
  return 1;
}

sub kindOf { my @stat = lstat $_[0] or return ''; return S_ISDIR($stat[2]) ? 'folder' : S_ISLNK($stat[2]) ? 'link' : S_ISREG($stat[2]) ? 'file' : 'other' }

sub createItem {
  my ($item) = @_;
  my ($type, $path, $argument) = ($item->{type}, $root . $item->{path}, $item->{argument});
  my $source = $argument // "/usr/share/factory$item->{path}";
  return if $type eq 'C' && !lstat "$root$source";
  return if $type eq 'L' && $item->{'?'} && !lstat "$root$source";
  parentsOf($item->{path}, 1) or return complain("$path: no folder to be in");
  my $wanted = $type =~ /^[dDvqQ]$/ ? 'folder' : $type =~ /^[fF]$/ ? 'file' : $type eq 'L' ? 'link' : $type eq 'C' ? kindOf("$root$source") : 'other';
  my $present = kindOf($path);
  if ($present ne '' && $present ne $wanted && ($item->{'='} || ($type =~ /^[Lpcb]$/ && $item->{'+'}))) {
    removeTree($path);
    $present = '';
  }
  my $isNew = $present eq '';
  if ($wanted eq 'folder' && $type ne 'C') {
    if ($isNew) { mkdir $path, $item->{mode} // 0755 or return complain("$path: $!") }
    elsif ($present ne 'folder') { return $item->{'-'} ? undef : complain("$path exists and is no folder") }
  }
  elsif ($wanted eq 'file' && $type ne 'C') {
    return complain("$path exists and is no file") unless $isNew || $present eq 'file';
    if ($isNew || $type eq 'F' || $item->{'+'}) { writeTo($path, O_WRONLY | O_CREAT | O_TRUNC, $argument // '', $item->{mode}) or return }
  }
  elsif ($type eq 'L') {
    if (!$isNew && ($present ne 'link' || readlink $path ne $source)) {
      return unless $item->{'+'};
      removeTree($path);
      $isNew = 1;
    }
    if ($isNew) { symlink $source, $path or return complain("$path: $!") }
  }
  elsif ($type eq 'C') {
    my $isEmpty = $present eq 'folder' && !glob('"' . $path . '"/{.[!.],..?,}*');
    if ($isNew || ($wanted eq 'folder' && $isEmpty)) {
      system('cp', '-a', '-T', '--', "$root$source", $path) == 0 or return complain("$path: not copied");
    }
  }
  elsif ($isNew) {
    my ($major, $minor) = ($argument // '') =~ /^(\d+):(\d+)$/;
    my @numbers = $type eq 'p' ? () : ($major // 0, $minor // 0);
    system('mknod', '-m', sprintf('%o', $item->{mode} // 0644), '--', $path, $type eq 'p' ? 'p' : $type, @numbers) == 0 or return complain("$path: not made");
  }
  own($item, $path, $isNew);
}

sub writeTo {
  my ($path, $how, $text, $mode) = @_;
  sysopen my $file, $path, $how | O_NOFOLLOW, $mode // 0644 or return complain("$path: $!");
  print {$file} $text;
  return close $file;
}

sub own {
  my ($item, $path, $isNew) = @_;
  my @stat = lstat $path or return;
  my $sets = sub { defined $item->{$_[0]} && ($isNew || !$item->{$_[0] . 'OfNew'}) };
  my $user = $sets->('user') ? $item->{user} : $stat[4];
  my $group = $sets->('group') ? $item->{group} : $stat[5];
  POSIX::lchown($user, $group, $path) if $user != $stat[4] || $group != $stat[5];
  return if S_ISLNK($stat[2]) || !$sets->('mode');
  my $mode = $item->{mode};
  if ($item->{masked}) {
    for my $bits (0111, 0222, 0444) { $mode &= ~$bits unless $stat[2] & $bits }
    $mode &= ~07000 unless S_ISDIR($stat[2]);
  }
  chmod $mode, $path;
}

# A folder of somebody else may hold what leads elsewhere.
sub found {
  my ($item) = @_;
  return grep { parentsOf(substr($_, length $root), 0) && lstat $_ } bsd_glob($root . $item->{path}, GLOB_NOSORT | GLOB_BRACE);
}

sub adjust {
  my ($item, $path) = @_;
  if ($item->{type} eq 'w') { writeTo($path, $item->{'+'} ? O_WRONLY | O_APPEND : O_WRONLY, $item->{argument} // '', undef) if kindOf($path) eq 'file' }
  elsif ($item->{type} ne 'e' || kindOf($path) eq 'folder') { own($item, $path, 0) }
  return unless $item->{type} eq 'Z' && kindOf($path) eq 'folder';
  opendir my $names, $path or return;
  for (sort grep { $_ ne '.' && $_ ne '..' } readdir $names) { adjust($item, "$path/$_") }
}

sub removeItem {
  my ($item) = @_;
  for my $path (found($item)) {
    if ($item->{type} eq 'r') { kindOf($path) eq 'folder' ? rmdir $path : unlink $path }
    elsif ($item->{type} eq 'R') { removeTree($path) }
    elsif (kindOf($path) eq 'folder') {
      opendir my $names, $path or next;
      removeTree("$path/$_") for grep { $_ ne '.' && $_ ne '..' } readdir $names;
    }
  }
}

sub removeTree { system('rm', '-rf', '--', $_[0]) }
`
