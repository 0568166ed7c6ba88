/** Percent escapes undone (RFC 3986, 2.1); a text with broken ones stays as it is. */
export function unescaped(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
