const longest = 80

/**
 * Untrusted text for a one-line message: in double quotes, at most 80 characters, and without anything that moves the
 * cursor, breaks the line or reorders what follows.
 */
export function quoted(text: string): string {
  const printable = [...text.slice(0, longest)].map(each => (isPrintable(each) ? each : '\ufffd')).join('')
  return `"${printable}${text.length > longest ? '…' : ''}"`
}

function isPrintable(character: string): boolean {
  const code = character.codePointAt(0) ?? 0
  if (code < 0x20 || (code >= 0x7f && code <= 0x9f) || (code >= 0xd800 && code <= 0xdfff)) return false
  // Line and paragraph separators, and the controls that let a name read backwards.
  return !/[\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/.test(character)
}
