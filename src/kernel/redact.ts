/**
 * A URL as it may be printed: no user, no password, no query (signed download addresses carry their secret there).
 * Whatever is no URL is named, not shown.
 */
export function redacted(url: URL | string): string {
  const parsed = typeof url === 'string' ? parsedUrl(url) : url
  if (parsed === undefined) return '(malformed URL)'
  const query = parsed.search === '' ? '' : '?…'
  return `${parsed.protocol}//${parsed.host}${parsed.pathname}${query}`
}

function parsedUrl(text: string): URL | undefined {
  try {
    return new URL(text)
  } catch {
    return undefined
  }
}
