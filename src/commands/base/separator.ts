/** What follows `--` is data. */
export function beforeSeparator(argv: readonly string[]): readonly string[] {
  const separator = argv.indexOf('--')
  return separator === -1 ? argv : argv.slice(0, separator)
}

export function asksForHelp(argv: readonly string[]): boolean {
  return argv.length === 0 || beforeSeparator(argv).some(word => word === '--help' || word === '-h')
}
