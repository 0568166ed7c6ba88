/** Texts of bodies: which charset they are in, and how the header says that they are UTF-8 from now on. */

const CHARSET = /;\s*charset\s*=\s*(?:"([^"]*)"|([^\s;]*))/i
const XML_ENCODING = /^<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z][\w.-]*)["']/

/** The text cannot be read: a charset nobody knows, or bytes that are none of it. */
export class UnreadableText extends Error {
  /** The charset is not known. */
  readonly unknown: boolean

  constructor(why: string, unknown: boolean) {
    super(why)
    this.name = 'UnreadableText'
    this.unknown = unknown
  }
}

/** The charset that a content type names, or null. */
export function charsetOf(contentType: string | undefined): string | null {
  const found = CHARSET.exec(contentType ?? '')
  return found === null ? null : (found[1] ?? found[2]!)
}

export interface ReadText {
  readonly text: string
  /** The bytes were UTF-8. */
  readonly utf8: boolean
}

/** Reads a text in the charset of the content type, else that of a byte order mark, else `fallback`. Throws `UnreadableText`. */
export function readText(bytes: Buffer, contentType: string | undefined, fallback: string): ReadText {
  const label = charsetOf(contentType) ?? markOf(bytes) ?? fallback
  let decoder: TextDecoder
  try {
    decoder = new TextDecoder(label, { fatal: true })
  } catch {
    throw new UnreadableText(`the charset ${JSON.stringify(label.slice(0, 40))} is not known`, true)
  }
  try {
    return { text: decoder.decode(bytes), utf8: decoder.encoding === 'utf-8' }
  } catch {
    throw new UnreadableText(`the bytes are not ${decoder.encoding}`, false)
  }
}

function markOf(bytes: Buffer): string | null {
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be'
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le'
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 'utf-8' : null
}

/** What an XML declaration says of its charset, else UTF-8. */
export function xmlCharset(bytes: Buffer): string {
  return XML_ENCODING.exec(bytes.toString('latin1', 0, 200))?.[1] ?? 'utf-8'
}

/** The content type of a text that was read and is UTF-8 now. */
export function asUtf8(contentType: string | undefined, { utf8 }: ReadText): string | null {
  if (contentType === undefined || utf8) return contentType ?? null
  const named = CHARSET.test(contentType)
  return named ? contentType.replace(CHARSET, '; charset=utf-8') : `${contentType}; charset=utf-8`
}
