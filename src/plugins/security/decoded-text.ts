/** What a text may mean to a program behind: escapes of URLs and of JSON resolved, in bounded time. */

/** Escapes of escapes that are resolved. */
const MOST_ROUNDS = 3

/** The text as it is, and as it reads once its escapes are resolved again and again. */
export function readings(text: string): string[] {
  const all = [text]
  let last = text
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const next = unescaped(last)
    if (next === last) break
    all.push(next)
    last = next
  }
  return all
}

/** `%7b`, `%u007b`, `\u007b` and `\x7b`. Bytes of UTF-8 come together as characters. */
function unescaped(text: string): string {
  if (!/[%\\]/.test(text)) return text
  return text
    .replace(/(?:%[\da-f]{2})+/gi, run => Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'))
    .replace(/(?:%u|\\u\{?)([\da-f]{4})\}?|\\x([\da-f]{2})/gi, (_all, unit: string, byte: string) =>
      String.fromCharCode(Number.parseInt(unit ?? byte, 16)),
    )
}
