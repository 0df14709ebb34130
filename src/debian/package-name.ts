const packageName = /^[A-Za-z0-9][A-Za-z0-9+._-]*$/

/**
 * Whether dpkg accepts a package of this name: it begins with a letter or digit, and goes on with these and `+-._`.
 *
 * Debian Policy 5.6.1 is stricter (lower case, no underscore, two characters), but third-party archives are not, and
 * dpkg installs what they offer.
 */
export function isPackageName(text: string): boolean {
  return packageName.test(text)
}
