const nameCharacters = classOf('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-._')

/**
 * Whether dpkg accepts a package of this name: it begins with a letter or digit, and goes on with these and `+-._`.
 *
 * Debian Policy 5.6.1 is stricter (lower case, no underscore, two characters), but third-party archives are not, and
 * dpkg installs what they offer.
 */
export function isPackageName(text: string): boolean {
  if (text === '' || isSign(text.charCodeAt(0))) return false
  for (let at = 0; at < text.length; at++) if (!isNameCharacter(text.charCodeAt(at))) return false
  return true
}

export function isNameCharacter(code: number): boolean {
  return nameCharacters[code] === 1
}

/** `+`, `-`, `.` and `_` may not begin a name. */
function isSign(code: number): boolean {
  return code === 0x2b || code === 0x2d || code === 0x2e || code === 0x5f
}

function classOf(characters: string): Uint8Array {
  const table = new Uint8Array(128)
  for (const character of characters) table[character.charCodeAt(0)] = 1
  return table
}
