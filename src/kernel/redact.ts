/**
 * A URL as it may be printed: no user, no password, no query (signed download addresses carry their secret there).
 * What stands before an `@` in the path goes too: in `https://me:12/34@host/` that is the password, whose slash nobody encoded.
 * Whatever is no URL is named, not shown.
 */
export function redacted(url: URL | string): string {
  const parsed = typeof url === 'string' ? parsedUrl(url) : url
  if (parsed === undefined) return '(malformed URL)'
  const query = parsed.search === '' ? '' : '?…'
  const path = parsed.protocol === 'file:' ? parsed.pathname : parsed.pathname.replace(/^.*@/, '/…@')
  return `${parsed.protocol}//${parsed.host}${path}${query}`
}

function parsedUrl(text: string): URL | undefined {
  try {
    return new URL(text)
  } catch {
    return undefined
  }
}
